import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SyntheticModule, compileFunction } from 'node:vm';
import JestRuntime from 'jest-runtime';

/** They keep for good what the classes of the first file told them. */
const LOADED_ANEW = new Set(['@nestjs/typeorm', 'class-validator-jsonschema']);

/** @type {any} */
const Loader = JestRuntime;
const load = createRequire(import.meta.url);
/** By path, what a package exports, for all files that a worker runs. */
const exportsByPath = new Map();
/** By name: all of ours find the same one. */
const pathsByName = new Map();

/** As Node's `import` has them: a CommonJS module is its own default. */
function exportsOf(path) {
  const known = exportsByPath.get(path);
  if (known) return known;
  const loaded = load(path);
  const isNamespace = loaded?.[Symbol.toStringTag] === 'Module';
  const exports = new Map(Object.entries(loaded)).set('default', isNamespace ? loaded.default : loaded);
  exportsByPath.set(path, exports);
  return exports;
}

function moduleOf(path) {
  const exports = exportsOf(path);
  return new SyntheticModule(
    [...exports.keys()],
    function () {
      for (const [name, value] of exports) this.setExport(name, value);
    },
    { identifier: path },
  );
}

async function evaluated(module) {
  if (module.status === 'unlinked') await module.link(() => {});
  await module.evaluate();
  return module;
}

/**
 * Jest's loader, but that Node itself loads the packages, once for each worker: their thousand files, linked and compiled
 * anew for each file of tests, were more than half of the suite's work. The sources and the tests are still loaded anew
 * for each file. No package can be mocked, nor is any.
 *
 * Reaches into what jest-runtime does not call public: package.json names its very version.
 */
export default class PackagesOnce extends Loader {
  constructor(config, ...others) {
    super(config, ...others);
    const { _resolution: resolution, registries, esmLoader, executor } = this;
    const packages = join(config.rootDir, 'node_modules/');
    // The realm of one-realm.mjs, which is no context that node:vm made.
    esmLoader.getContext = () => undefined;
    executor.compile = (source, filename) => compileFunction(source, executor.injectedModuleParameters, { filename });

    /** Where a package's file is that `specifier` names, or null. */
    const packagePath = (specifier, from) => {
      if (!/^[@a-z]/.test(specifier) || LOADED_ANEW.has(specifier) || specifier === '@jest/globals') return null;
      if (specifier.includes(':') || resolution.isCoreModule(specifier)) return null;
      if (!pathsByName.has(specifier)) pathsByName.set(specifier, resolution.resolveEsm(from, specifier));
      const path = pathsByName.get(specifier);
      return path.startsWith(packages) ? path : null;
    };

    const { resolveModule, resolveSpecifierForSyncGraph } = esmLoader;
    esmLoader.resolveModule = async (specifier, from, context) => {
      const path = packagePath(specifier, from);
      if (path === null) return resolveModule.call(esmLoader, specifier, from, context);
      const registry = registries.getActiveEsmRegistry();
      if (!registry.has(path)) registry.set(path, evaluated(moduleOf(path)));
      return registry.get(path);
    };
    // The same on a Node that links without waiting.
    esmLoader.resolveSpecifierForSyncGraph = (specifier, from, context, scratch, registry, ...more) => {
      const path = packagePath(specifier, from);
      if (path !== null && esmLoader.tryCommitSynthetic(path, registry, scratch, () => moduleOf(path))) {
        return { cacheKey: path, enqueue: null, modulePath: path };
      }
      return resolveSpecifierForSyncGraph.call(esmLoader, specifier, from, context, scratch, registry, ...more);
    };
  }

  requireModuleOrMock(from, name) {
    return /^[@a-z]/.test(name) && name !== '@jest/globals'
      ? createRequire(from)(name)
      : super.requireModuleOrMock(from, name);
  }
}
