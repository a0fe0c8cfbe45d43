import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Transactions } from '../database/transactions.js';
import { ProductNotFoundError } from '../products/products.errors.js';
import { ProductsService } from '../products/products.service.js';
import { Schedules } from '../queue/schedules.js';
import { type StockProof, StockAuditRepository } from './stock-audit.repository.js';

export type { StockProof };

/** Units by which a product's counters differ from its rows; 0 is what always should be. */
export function driftOf(proof: StockProof): number {
  return Math.abs(proof.stock_held - proof.proven_held) + Math.abs(proof.stock_sold - proof.proven_sold);
}

/** A recount reads every hold that is not purged yet; it locks nothing, so it may take its time. */
const AUDIT_TIMEOUT_MS = 600_000;

/** Checks the identity `stock_total = available + held + sold` against the rows, and repairs it when asked to. */
@Injectable()
export class StockAuditService implements OnModuleInit {
  private readonly logger = new Logger('StockAudit');
  private lastDrift = 0;

  constructor(
    private readonly audit: StockAuditRepository,
    private readonly products: ProductsService,
    private readonly transactions: Transactions,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add('stock audit', this.config.schedules.stockAudit, () => this.watch());
  }

  /** Units of drift that the last scheduled check found in all products together. */
  get drift(): number {
    return this.lastDrift;
  }

  /** Recounts one product or all of them. @throws ProductNotFoundError */
  async auditStock(productId?: number): Promise<StockProof[]> {
    const proofs = await this.transactions.once((tx) => this.audit.prove(tx, productId), AUDIT_TIMEOUT_MS);
    if (productId !== undefined && proofs.length === 0) throw new ProductNotFoundError(productId);
    return proofs;
  }

  /**
   * Moves a product's counters to what its rows prove, recounted under the product's lock. Where the rows
   * prove more than `stock_total`, the CHECK constraint refuses: then the total must be raised by a person.
   *
   * @returns the proof as it was before.
   */
  async repairStock(productId: number): Promise<StockProof> {
    const { proof, moves } = await this.transactions.run(async (tx) => {
      await this.products.lockStock(tx, [productId]);
      const [proof] = await this.audit.prove(tx, productId);
      if (proof === undefined) throw new ProductNotFoundError(productId);
      const held = proof.proven_held - proof.stock_held;
      const sold = proof.proven_sold - proof.stock_sold;
      const moves = [{ productId, held, sold }];
      this.products.moveStock(tx, moves);
      return { proof, moves };
    });
    this.products.stockMoved(moves);
    return proof;
  }

  /** Only looks: a counter that is moved by mistake could sell a unit twice. */
  private async watch(): Promise<void> {
    const drifted = (await this.auditStock()).filter((proof) => driftOf(proof) > 0);
    this.lastDrift = drifted.reduce((sum, proof) => sum + driftOf(proof), 0);
    for (const proof of drifted)
      this.logger.error({ ...proof }, 'The stock counters differ from the rows; see stock:audit');
  }
}
