// An ES module that a CommonJS package requires. Node can do that and jest's module loader can't, so the tests
// get the module from Node itself.
module.exports = process.getBuiltinModule('node:module').createRequire(__filename)('content-disposition');
