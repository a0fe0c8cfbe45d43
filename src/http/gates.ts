import type { onRequestAsyncHookHandler, onRequestHookHandler, preValidationHookHandler, RouteOptions } from 'fastify';

/** Puts a gate before all that a route does so far: nothing of the request but its head has been read. */
export function gateBeforeBody(route: RouteOptions, gate: onRequestAsyncHookHandler): void {
  route.onRequest = [gate, ...[route.onRequest ?? []].flat()];
}

/** Puts a gate before the body is read, but behind those that are cheaper to pass. */
export function gateBehindOthers(route: RouteOptions, gate: onRequestHookHandler | onRequestAsyncHookHandler): void {
  route.onRequest = [...[route.onRequest ?? []].flat(), gate];
}

/** Puts a gate between the body and its validation: whoever is refused learns nothing of what is valid. */
export function gateBeforeValidation(route: RouteOptions, gate: preValidationHookHandler): void {
  route.preValidation = [gate, ...[route.preValidation ?? []].flat()];
}
