import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

/** The head of the OpenAPI document; the paths come from the routes themselves. */
export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Flash-sale checkout',
      version: process.env.npm_package_version ?? '1.0.0',
      description:
        'Reserve stock for two minutes, turn the hold into an order, and let the payment provider settle it. ' +
        'Every error is a problem document (RFC 9457) with a stable `code`.',
    },
    components: { securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
  },
};
