import { existsSync } from 'node:fs';
import { runProgram } from './program.js';

if (existsSync('.env')) process.loadEnvFile('.env');

// Ended, and not waited for: a Redis that is away keeps its clients trying for ever, and the command is done.
process.exit(await runProgram(process.argv.slice(2), process.env));
