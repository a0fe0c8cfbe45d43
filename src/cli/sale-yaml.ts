import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type Entries, type Entry, type FileFault, TEXTS } from './sale-entries.js';

/** What stands in a YAML file below `sale` and `products`, with its lines. */
export function entriesOfYaml(text: string, faults: FileFault[]): Entries {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const lineOf = (node: Node | null): number => (node?.range ? counter.linePos(node.range[0]).line : 1);
  for (const { pos, message } of document.errors)
    faults.push({ line: counter.linePos(pos[0]).line, field: null, message: message.split(/ at line|\n/, 1)[0]! });
  const refuse = (node: Node | null, message: string): null => {
    faults.push({ line: lineOf(node), field: null, message });
    return null;
  };
  const root = document.contents as Node | null;
  if (faults.length > 0) return { sale: null, products: [] };
  if (!isMap(root)) {
    refuse(root, 'has no fields: write `sale:` and `products:`');
    return { sale: null, products: [] };
  }
  for (const { key } of root.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (!['sale', 'products'].includes(name)) refuse(key as Node, `"${name}" is neither \`sale\` nor \`products\``);
  }
  const entry = (node: unknown, what: string): Entry | null => {
    const found = isAlias(node) ? node.resolve(document) : node;
    return isMap(found) ? entryOf(found, document, lineOf) : refuse(found as Node | null, `${what} must have fields`);
  };
  const list = root.get('products', true) as Node | undefined;
  if (list !== undefined && !isSeq(list)) refuse(list, 'products must be a list: each begins with "- "');
  const items = isSeq(list) ? list.items.map((item) => entry(item, 'a product')) : [];
  const sale = root.get('sale', true);
  return { sale: sale === undefined ? null : entry(sale, 'sale'), products: items.filter((item) => item !== null) };
}

function entryOf(map: YAMLMap, document: Document, lineOf: (node: Node | null) => number): Entry {
  const fields: Record<string, unknown> = {};
  const lines = new Map<string, number>();
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const node = isAlias(value) ? value.resolve(document) : value;
    const isText = TEXTS.has(name) && isScalar(node) && typeof node.value !== 'string' && node.value !== null;
    fields[name] = isText ? node.source : ((node as Node | null)?.toJS(document) ?? null);
    lines.set(name, lineOf(key as Node));
  }
  return { fields, line: lineOf(map), lines };
}
