import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Act } from '../access/operator.js';
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
    private readonly auditLog: AuditService,
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
   * Moves a product's counters to what its rows prove. Where the rows prove more than `stock_total`, the CHECK
   * constraint refuses: then the total must be raised by a person.
   *
   * The rows are counted without a lock, however many there are, and only the difference is written under the
   * product's lock: whatever is sold in between moves rows and counters alike, so the difference stays what it is.
   * Only another repair changes it, and that has to wait for this one, by a lock with a name.
   *
   * @returns the proof as it was before.
   */
  async repairStock(act: Act, productId: number): Promise<StockProof> {
    return this.transactions.once(async (counting) => {
      await this.audit.lockRepairs(counting, productId);
      try {
        const [proof] = await this.audit.prove(counting, productId);
        if (proof === undefined) throw new ProductNotFoundError(productId);
        await this.moveToProof(act, proof);
        return proof;
      } finally {
        await this.audit.unlockRepairs(counting, productId);
      }
    }, AUDIT_TIMEOUT_MS);
  }

  private async moveToProof(act: Act, proof: StockProof): Promise<void> {
    const { product_id: productId, stock_held, stock_sold, proven_held, proven_sold } = proof;
    await this.transactions.run(async (tx) => {
      await this.products.lockStock(tx, [productId]);
      const move = { productId, held: proven_held - stock_held, sold: proven_sold - stock_sold };
      this.products.moveStock(tx, [move]);
      this.auditLog.record(tx, act, {
        target: 'product',
        id: productId,
        verb: 'repair',
        // As they were counted: what is sold meanwhile moves both.
        before: { stock_held, stock_sold },
        after: { stock_held: proven_held, stock_sold: proven_sold },
      });
    });
  }

  /** Only looks: a counter that is moved by mistake could sell a unit twice. */
  private async watch(): Promise<void> {
    const drifted = (await this.auditStock()).filter((proof) => driftOf(proof) > 0);
    this.lastDrift = drifted.reduce((sum, proof) => sum + driftOf(proof), 0);
    for (const proof of drifted)
      this.logger.error({ ...proof }, 'The stock counters differ from the rows; see stock:audit');
  }
}
