import { codesIn } from '../problem-schema.js';

/** A part of an OpenAPI document. */
export type Node = Record<string, unknown>;

export interface Operation extends Node {
  /** Left out: what the document says. */
  security?: Node[];
  operationId: string;
  parameters?: Node[];
  responses: Record<string, Answer>;
}

export interface Answer extends Node {
  description: string;
  headers?: Record<string, Node>;
  content?: Record<string, Media>;
}

interface Media {
  schema: Node;
  examples?: Record<string, Node>;
}

export type Paths = Record<string, Record<string, Operation>>;

/** Looks at a node, with the names that it may have under `components`, the best one first, and says what stands there. */
type Visit = <T extends Node>(node: T, ...names: string[]) => T;

/** Calls `visit` with each node of one kind. */
type Walk = (paths: Paths, visit: Visit) => Paths;

/** What is said of many operations alike, by where it stands under `components`; what is inside of another comes first. */
const KINDS: Readonly<Record<string, Walk>> = {
  examples: (paths, visit) =>
    mapAnswers(paths, (answer) => ({
      ...answer,
      ...(answer.content && {
        content: mapValues(answer.content, ({ examples, ...media }) => ({
          ...media,
          ...(examples && { examples: mapValues(examples, (example, code) => visit(example, code)) }),
        })),
      }),
    })),
  headers: (paths, visit) =>
    mapAnswers(paths, (answer, place) => ({
      ...answer,
      ...(answer.headers && {
        headers: mapValues(answer.headers, (header, name) => visit(header, name, `${place}.${name}`)),
      }),
    })),
  responses: (paths, visit) => mapAnswers(paths, (answer, place) => visit(answer, contentOf(answer), place)),
  parameters: (paths, visit) =>
    mapOperations(paths, (operation, path) => ({
      ...operation,
      parameters: operation.parameters!.map((parameter) => {
        const name = String(parameter.name);
        const [, owner] = parameter.in === 'path' ? new RegExp(`([^/]+)/\\{${name}\\}`).exec(path)! : [];
        return visit(parameter, owner === undefined ? name : `${owner}.${name}`, `${operation.operationId}.${name}`);
      }),
    })),
};

/** Says under `components` what stands in several places alike, and refers to it there. */
export function saidOnce(paths: Paths): { paths: Paths; components: Record<string, Record<string, Node>> } {
  const components: Record<string, Record<string, Node>> = {};
  let said = paths;
  for (const [kind, walk] of Object.entries(KINDS)) {
    const places = new Map<string, number>();
    walk(said, (node) => {
      const text = JSON.stringify(node);
      places.set(text, (places.get(text) ?? 0) + 1);
      return node;
    });
    const named: Record<string, Node> = (components[kind] = {});
    const references = new Map<string, Node>();
    said = walk(said, <T extends Node>(node: T, ...names: string[]) => {
      const text = JSON.stringify(node);
      if (places.get(text) === 1) return node;
      const name = names.find((each) => !(each in named))!;
      if (!references.has(text)) {
        named[name] = node;
        references.set(text, { $ref: `#/components/${kind}/${name}` });
      }
      return references.get(text) as T;
    });
  }
  return { paths: said, components };
}

export function mapOperations(paths: Paths, change: (operation: Operation, path: string) => Operation): Paths {
  return mapValues(paths, (operations, path) => mapValues(operations, (operation) => change(operation, path)));
}

/** @param change is told the place of the answer: a name that no other one has. */
function mapAnswers(paths: Paths, change: (answer: Answer, place: string) => Answer): Paths {
  return mapOperations(paths, (operation) => ({
    ...operation,
    responses: mapValues(operation.responses, (answer, status) => change(answer, `${operation.operationId}.${status}`)),
  }));
}

/** What an answer is, in a word: the codes of its problems, or the name of its schema. */
function contentOf({ description, content }: Answer): string {
  const [media] = Object.values(content ?? {});
  if (media === undefined) return 'Nothing';
  if (content?.['application/problem+json'] !== undefined) return listOfCodes(codesIn(description));
  return typeof media.schema.$ref === 'string' ? media.schema.$ref.split('/').at(-1)! : 'Text';
}

/** A name is said at each place that refers to it. */
function listOfCodes(codes: readonly string[]): string {
  return codes.length <= 3 ? codes.join('.') : `${codes[0]}.and.${codes.length - 1}.more`;
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}
