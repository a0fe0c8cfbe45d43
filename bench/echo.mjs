// The bare Fastify that the service is compared with: it reads the request as Fastify does and answers each
// route with the very status, headers and bytes that the service answered once. As little work as an HTTP
// server on this framework can do, so a ratio to it says what everything else costs.
//
//   PORT=… ECHO_ROUTES='[{ method, path, status, headers, body }]' node echo.mjs

import Fastify from 'fastify';

const { PORT, ECHO_ROUTES } = process.env;
const app = Fastify();

for (const { method, path, status, headers, body } of JSON.parse(ECHO_ROUTES ?? '[]')) {
  app.route({ method, url: path, handler: (_request, reply) => reply.code(status).headers(headers).send(body) });
}

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
process.send?.('ready');
