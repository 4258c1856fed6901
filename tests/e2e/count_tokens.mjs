// Counts what the file's lines, JSON strings each, are in tokens: a number a line, by the npm package
// tiktoken, which is OpenAI's own tokeniser compiled to WebAssembly. Special tokens are plain text.
// With --seconds it prints how long it counted instead.
//   node count_tokens.mjs FILE [--seconds]
import { readFileSync } from 'node:fs';
import { get_encoding } from 'tiktoken';

const encoding = get_encoding('cl100k_base');
const strings = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const begin = performance.now();
const counts = strings.map((each) => encoding.encode_ordinary(each).length);
const seconds = (performance.now() - begin) / 1000;
process.stdout.write(process.argv[3] === '--seconds' ? `${seconds}\n` : counts.join('\n') + '\n');
