// @fastify/static requires this ES module from CommonJS. Node can do that and jest's module loader can't, so
// jest gets it from Node itself.
module.exports = process.getBuiltinModule('node:module').createRequire(__filename)('content-disposition');
