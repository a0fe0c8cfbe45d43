import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { verifyWebhook, WebhookVerificationError } from '../../clients/typescript/src/index.js';

const SECRET = `whsec_${Buffer.from('the secret of this endpoint').toString('base64')}`;
const NEXT = `whsec_${Buffer.from('the one that comes after it').toString('base64')}`;
const BODY = JSON.stringify({ id: 'evt_7', type: 'order.paid', sequence: 7, version: 2, data: { order_id: 1 } });

/** Headers as the package of the standard makes them. */
function signed(secrets: readonly string[], body = BODY, at = new Date()): Record<string, string> {
  return {
    'webhook-id': 'evt_7',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign('evt_7', at, body)).join(' '),
  };
}

const secondsFromNow = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

describe('a message that the service signed', () => {
  it('is its event', async () => {
    const event = await verifyWebhook(BODY, signed([SECRET]), SECRET);
    expect(event).toMatchObject({ id: 'evt_7', type: 'order.paid', data: { order_id: 1 } });
  });

  it('is it as bytes too, whatever letters they are, and with headers of fetch', async () => {
    const body = JSON.stringify({ name: 'Čapka – 帽子 🧢' });
    const bytes = new TextEncoder().encode(body);
    expect(await verifyWebhook(bytes, new Headers(signed([SECRET], body)), SECRET)).toEqual({
      name: 'Čapka – 帽子 🧢',
    });
  });

  it.each([
    ['the old secret, while both sign', [NEXT, SECRET], [SECRET]],
    ['the new one, while both sign', [NEXT, SECRET], [NEXT]],
    ['both, before the change', [SECRET], [NEXT, SECRET]],
    ['both, after it', [NEXT], [NEXT, SECRET]],
  ])('is it for who knows %s', async (_who, signing, known) => {
    await expect(verifyWebhook(BODY, signed(signing), known)).resolves.toMatchObject({ id: 'evt_7' });
  });

  it('is it although there is a signature of another kind, or none in Base64', async () => {
    const headers = signed([SECRET]);
    headers['webhook-signature'] = `v1a,${'A'.repeat(86)}== v1,*** v1, ${headers['webhook-signature']}`;
    await expect(verifyWebhook(BODY, headers, SECRET)).resolves.toMatchObject({ id: 'evt_7' });
  });
});

describe('a message that nobody should believe', () => {
  const { 'webhook-id': _id, ...withoutId } = signed([SECRET]);
  const { 'webhook-signature': signature, ...withoutSignature } = signed([SECRET]);
  it.each<[string, string, Record<string, string>]>([
    ['signed with another secret', BODY, signed([NEXT])],
    ['changed on its way', BODY.replace('paid', 'lost'), signed([SECRET])],
    ['with the id of another', BODY, { ...signed([SECRET]), 'webhook-id': 'evt_8' }],
    ['six minutes old', BODY, signed([SECRET], BODY, secondsFromNow(-360))],
    ['from the future', BODY, signed([SECRET], BODY, secondsFromNow(360))],
    [
      'made younger',
      BODY,
      { ...signed([SECRET], BODY, secondsFromNow(-360)), 'webhook-timestamp': signed([SECRET])['webhook-timestamp']! },
    ],
    ['of no time', BODY, { ...signed([SECRET]), 'webhook-timestamp': 'now' }],
    ['without an id', BODY, withoutId],
    ['without a signature', BODY, withoutSignature],
    ['with a signature of no version', BODY, { ...withoutSignature, 'webhook-signature': signature!.slice(3) }],
  ])('is refused: %s', async (_why, body, headers) => {
    await expect(verifyWebhook(body, headers, SECRET)).rejects.toThrow(WebhookVerificationError);
  });

  it('is one of the last five minutes, or of how many one likes', async () => {
    const headers = signed([SECRET], BODY, secondsFromNow(-360));
    await expect(verifyWebhook(BODY, headers, SECRET, { toleranceSeconds: 600 })).resolves.toMatchObject({
      id: 'evt_7',
    });
  });

  it.each(['', 'whsec_', 'whsec_***'])('is every one for who has the secret "%s"', async (secret) => {
    await expect(verifyWebhook(BODY, signed([SECRET]), secret)).rejects.toThrow('A secret is "whsec_" and Base64');
  });
});
