import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Attempt } from '../../src/deliveries/deliveries.types.js';
import { Exchange, TIMEOUT_MS } from '../../src/deliveries/exchange.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** What the client gives to who may stop a request. */
function controllerOf(aborted: Error[]) {
  const controller = { aborted: false, paused: false, reason: null, rawHeaders: null, rawTrailers: null };
  return { ...controller, pause: () => undefined, resume: () => undefined, abort: (e: Error) => void aborted.push(e) };
}

describe('an exchange', () => {
  const begun = () => {
    const told: Attempt[] = [];
    const aborted: Error[] = [];
    return {
      exchange: new Exchange((attempt) => told.push(attempt)),
      told,
      aborted,
      controller: controllerOf(aborted),
    };
  };
  const late = { answerStatus: null, answer: null, reason: 'No whole answer within 10 seconds', tookMs: TIMEOUT_MS };

  it('ends after ten seconds, and is stopped then', () => {
    const { exchange, told, aborted, controller } = begun();
    exchange.onRequestStart(controller);
    jest.advanceTimersByTime(TIMEOUT_MS - 1);
    expect([told, aborted]).toEqual([[], []]);
    jest.advanceTimersByTime(1);
    expect(told).toEqual([late]);
    expect(aborted).toHaveLength(1);
  });

  it('that got no connection within ten seconds ends then, and sends nothing when it gets one', () => {
    const { exchange, told, aborted, controller } = begun();
    jest.advanceTimersByTime(TIMEOUT_MS);
    expect(told).toEqual([late]);
    exchange.onRequestStart(controller);
    expect(aborted).toHaveLength(1);
    exchange.onResponseError(controller, new Error('stopped'));
    expect(told).toHaveLength(1);
  });

  it('has its answer from the status on, whether or not the rest of it comes in time', () => {
    const { exchange, told, aborted, controller } = begun();
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 103);
    exchange.onResponseStart(controller, 200);
    exchange.onResponseData(controller, Buffer.from('half'));
    jest.advanceTimersByTime(TIMEOUT_MS);
    expect(told).toMatchObject([{ answerStatus: 200, answer: Buffer.from('half'), reason: null }]);
    expect(aborted).toHaveLength(1);
  });

  it('has none by what only says that one will come', () => {
    const { exchange, told, controller } = begun();
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 103);
    jest.advanceTimersByTime(TIMEOUT_MS);
    expect(told).toEqual([late]);
  });

  it('leaves no clock behind once it has ended', () => {
    const { exchange, controller } = begun();
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 204);
    exchange.onResponseEnd();
    expect(jest.getTimerCount()).toBe(0);
  });
});
