import { setTimeout as pause } from 'node:timers/promises';
import { standardSecret } from '../common/standard-webhooks.js';
import type { Config } from '../config/config.js';
import { newSecret } from '../deliveries/endpoints.service.js';
import { Sender } from '../deliveries/sender.js';
import { toEventDto } from '../events/dto/event.dto.js';
import { EventsService } from '../events/events.service.js';
import type { EventType, FeedEvent } from '../events/events.types.js';
import { withServices } from './app-context.js';
import { CommandFailedError } from './command-failed.error.js';
import { print } from './output.js';

export interface ListenOptions {
  /** Where events are sent, signed as those to an endpoint are. */
  readonly forward?: string;
  /** What they are signed with; made up where it is left out. */
  readonly secret?: string;
  /** Left out: all. */
  readonly types?: readonly EventType[];
}

/** How often it is looked for events, and how many are taken at once. */
const LOOK_MS = 200;
const STEP = 100;

/**
 * Prints events as they happen, from now on, until it is told to end; with `forward` it sends each there once, whatever
 * becomes of it, and says that, also of the one that is under way when it is told to end. It is for a developer's afternoon:
 * what has to arrive is sent to an endpoint.
 *
 * @throws CommandFailedError for an address or a secret that can be none.
 */
export async function listen(
  config: Config,
  { forward, secret = newSecret(), types }: ListenOptions,
  ended = whenSignalled(),
): Promise<void> {
  if (forward !== undefined && !(/^https?:/.test(forward) && URL.canParse(forward)))
    throw new CommandFailedError(`${forward} is no address to send to: it begins with http:// or https://.`);
  if (!secret.startsWith('whsec_') || standardSecret(secret) === null)
    throw new CommandFailedError('A secret is "whsec_" and Base64, as an endpoint has it.');
  await withServices(config, async (app) => {
    const [events, sender] = [app.get(EventsService), app.get(Sender)];
    let after = await events.findLast();
    print(forward === undefined ? 'Listening' : `Listening; each event goes to ${forward}, signed with ${secret}`);
    while (!ended.aborted) {
      const page = await events.findAfter(after, types ?? null, STEP);
      for (const event of page.events) {
        if (ended.aborted) break;
        tell(event);
        if (forward !== undefined) await send(sender, { url: forward, secret, oldSecret: null }, event);
      }
      after = page.lastSequence;
      if (page.events.length < STEP) await pause(LOOK_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  });
}

function whenSignalled(): AbortSignal {
  const ending = new AbortController();
  const end = (): void => {
    print('Ending, once what is under way is answered. Ctrl-C again ends at once.');
    ending.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  return ending.signal;
}

/** One line, which other programs can cut. */
function tell(row: FeedEvent): void {
  const { id, type, timestamp, version, data } = toEventDto(row);
  print(`${timestamp} ${id} ${type}${version === null ? '' : ` v${version}`} ${JSON.stringify(data)}`);
}

async function send(sender: Sender, to: Parameters<Sender['send']>[0], event: FeedEvent): Promise<void> {
  const { answerStatus, answer, reason, tookMs } = await sender.send(to, event);
  const said = answer === null || answer.length === 0 ? '' : `: ${answer.toString()}`;
  print(reason === null ? `  taken (${answerStatus}, ${tookMs} ms)` : `  NOT TAKEN (${reason}, ${tookMs} ms)${said}`);
}
