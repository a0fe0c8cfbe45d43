import fc from 'fast-check';

/** Texts that have broken other programs, by their kind; each is written here for this test. */
const AWKWARD_TEXTS: readonly string[] = [
  // Nothing, blanks, and what only looks like them
  ...['', ' ', '\t', '\n', '\u00a0', '\u3000', '\u200b', '\ufeff', ' lead', 'trail ', 'a\r\nb'],
  // Words that mean something to a program
  ...['null', 'undefined', 'NaN', 'true', '0', '-0', '1e3', '0x1F', '__proto__', 'constructor', 'toString', 'NULL'],
  // What would be code where somebody forgot to quote
  ...["' OR '1'='1", '"; DROP TABLE products; --', '`id`', '$(id)', '${7*7}', '{{7*7}}', '%s%n', '<script>x</script>'],
  ...['../../../../etc/passwd', 'C:\\con', 'a\\', "\\'", '%00', '%2e%2e%2f', '?a=b&c', '#', ';', '|', '\\u0000'],
  // Characters that are not one byte, not one unit, not one glyph, or not shown
  ...['é', 'e\u0301', 'ß', 'İstanbul', '漢字', 'Ω≈ç√', 'שלום', '\u202eabc', '💥', '👨‍👩‍👧‍👦', '🇩🇪', '𝔘𝔫𝔦', 'Z̸̨̛a̵lgo', '\ufffd'],
  // Controls, halves of characters, and what is no character
  ...['\u0000', 'a\u0000b', '\u0007', '\u001b[31m', '\u007f', '\u0085', '\u2028', '\ud800', 'a\udc00', '\udfff\ud800'],
  ...['\uffff', '\ufdd0', '\u{10ffff}'],
  // Lengths around the limit of a column, in units, characters and bytes
  ...[
    'x'.repeat(255),
    'x'.repeat(256),
    '💥'.repeat(127),
    '💥'.repeat(128),
    '漢'.repeat(255),
    '漢'.repeat(256),
    'é'.repeat(300),
  ],
];

export const awkwardText = fc.oneof(
  fc.constantFrom(...AWKWARD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
);

/** Texts next to JSON: cut, doubled, spoilt at one place, or of a form that other parsers let pass. */
export function brokenJson(value: object): fc.Arbitrary<string> {
  const whole = JSON.stringify(value);
  const place = fc.nat({ max: whole.length });
  const spoiling = fc.constantFrom(
    ...'{}[]",:\\\u0000\t\n\'0-+.eE/*#',
    '\\u',
    '\\x41',
    '\u2028',
    '\ufeff',
    'NaN',
    '1e999',
    '00',
  );
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}:${JSON.stringify(field)}`);
  return fc.oneof(
    place.map((at) => whole.slice(0, at)),
    fc.tuple(place, spoiling).map(([at, text]) => whole.slice(0, at) + text + whole.slice(at)),
    fc.tuple(place, spoiling).map(([at, text]) => whole.slice(0, at) + text + whole.slice(at + 1)),
    fc.constantFrom(
      whole + whole,
      `${whole},`,
      `[${whole}]`,
      `\ufeff${whole}`,
      `${whole}//`,
      `/**/${whole}`,
      `{${fields.join(',')},}`,
      `{${[...fields, ...fields].join(',')}}`,
      `{${fields.join(',')},"__proto__":{"a":1}}`,
      `{${fields.join(',')},"constructor":{"prototype":{}}}`,
      `{${fields.join(',')},"":1}`,
      whole.replaceAll('"', "'"),
      whole.replaceAll(/\d+/g, (digits) => `0${digits}`),
      whole.replaceAll(/\d+/g, (digits) => `+${digits}`),
      whole.replaceAll(/\d+/g, (digits) => `${digits}.`),
      whole.replaceAll(/\d+/g, (digits) => `${digits}.0`),
      whole.replaceAll(/\d+/g, (digits) => `${digits}e400`),
      whole.replaceAll(/\d+/g, '1'.repeat(400)),
      '['.repeat(2000),
      '{"a":'.repeat(600),
      'null',
      '""',
      ' ',
    ),
  );
}
