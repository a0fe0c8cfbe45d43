// Secrets that are made up once and kept, so that nothing ships with a default one.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { localDir } from './checkout.mjs';

/** The secret in the file, made on the first call; 32 hex digits, so it needs no quoting anywhere. */
export function keptSecret(file) {
  const kept = readSecret(file);
  if (kept) return kept;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const secret = randomBytes(16).toString('hex');
  writeFileSync(file, secret + '\n', { mode: 0o600 });
  return secret;
}

/** Turns the provider that moves no money on, by which the whole way is walked without an account; never in production. */
export function simulatedPayments() {
  const { APP_ENV, SIMULATED_WEBHOOK_SECRETS, SIMULATED_WEBHOOK_SECRETS_FILE } = process.env;
  if (APP_ENV === 'production' || SIMULATED_WEBHOOK_SECRETS_FILE !== undefined) return {};
  const secret = SIMULATED_WEBHOOK_SECRETS || keptSecret(join(localDir, 'simulated-webhook-secret'));
  return { SIMULATED_WEBHOOK_SECRETS: secret };
}

/** Only a whole secret counts: a launcher may have been killed while it wrote. */
function readSecret(file) {
  try {
    return /^[0-9a-f]{32}(?=\n)/.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
  } catch {
    return '';
  }
}
