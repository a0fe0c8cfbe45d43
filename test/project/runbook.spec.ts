import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { PROBLEMS } from '../../src/common/problem.js';
import { knownVariables } from '../support/settings.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The entries below a heading of the runbook. */
function entriesBelow(heading: string): string[] {
  const [, section = ''] =
    new RegExp(`^## ${heading}$([^]*?)(?=^## |(?![^]))`, 'm').exec(read('docs/operating.md')) ?? [];
  return [...section.matchAll(/^### (\S+)$/gm)].map(([, name]) => name!);
}

describe('the runbook', () => {
  it('has an entry for each alert, and no other', () => {
    const { groups } = parse(read('deploy/observability/prometheus/alerts.yml')) as {
      groups: { rules: { alert: string }[] }[];
    };
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(entriesBelow('Alerts').sort()).toEqual(alerts.sort());
  });

  it('has an entry for each error code, with its status', () => {
    expect(entriesBelow('Error codes').sort()).toEqual(Object.keys(PROBLEMS).sort());
    for (const [code, { status }] of Object.entries(PROBLEMS)) {
      expect(read('docs/operating.md')).toMatch(new RegExp(`^### ${code}\\n\\n${status}\\. `, 'm'));
    }
  });

  it.each(['docs/operating.md', 'docs/deploying.md'])('%s names only variables that there are', (document) => {
    const known = knownVariables();
    const compose = ['docker-compose.yml', 'deploy/compose.production.yml'].map(read).join('');
    for (const [, name] of compose.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)) known.add(name!);
    const named = [...read(document).matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !known.has(name) && !(name in PROBLEMS))).toEqual([]);
  });
});
