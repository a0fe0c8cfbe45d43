import type { FastifyInstance } from 'fastify';
import { ERROR_PAGES } from '../../common/problem.js';
import { answerProblem } from '../problem-answer.js';
import { type ProblemDefinition, PROBLEMS } from '../../common/problem-catalogue.js';

const STYLE = 'body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}';

/** A page for each error code, where the `type` of its problem documents leads; all text is from the catalogue. */
export function serveErrorPages(fastify: FastifyInstance): void {
  const pages = new Map(Object.entries(PROBLEMS).map(([code, problem]) => [code, pageOf(code, problem)]));
  const byStatus = Object.entries(PROBLEMS).sort(([, a], [, b]) => a.status - b.status);
  const list = listOf(byStatus);
  const schema = { hide: true };
  fastify.get(ERROR_PAGES, { schema }, (_request, reply) => reply.type('text/html; charset=utf-8').send(list));
  fastify.get<{ Params: { code: string } }>(`${ERROR_PAGES}/:code`, { schema }, ({ params }, reply) => {
    const page = pages.get(params.code);
    if (page === undefined)
      answerProblem(reply, { code: 'ROUTE_NOT_FOUND', detail: `No error has this code; see ${ERROR_PAGES}.` });
    else void reply.type('text/html; charset=utf-8').send(page);
  });
}

function pageOf(code: string, { status, title, cause, remedy, retryAfterSeconds }: ProblemDefinition): string {
  const again = retryAfterSeconds === undefined ? 'No: not before something has changed.' : 'Yes, after a pause.';
  return htmlOf(
    code,
    `<p><a href="${ERROR_PAGES}">All error codes</a></p>
<h1>${code}</h1>
<p>${status}. ${textOf(title)}.</p>
<h2>Cause</h2>
<p>${textOf(cause)}</p>
<h2>Remedy</h2>
<p>${textOf(remedy)}</p>
<h2>Can the same request succeed later?</h2>
<p>${again}</p>`,
  );
}

function listOf(problems: readonly [code: string, problem: ProblemDefinition][]): string {
  const rows = problems.map(
    ([code, { status, title }]) =>
      `<tr><td>${status}</td><td><a href="${ERROR_PAGES}/${code}">${code}</a></td><td>${textOf(title)}</td></tr>`,
  );
  return htmlOf('Error codes', `<h1>Error codes</h1>\n<table>\n${rows.join('\n')}\n</table>`);
}

function htmlOf(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
<body>
${content}
</body>
</html>
`;
}

/** Text of the catalogue as HTML; what stands between backquotes is code. */
function textOf(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}
