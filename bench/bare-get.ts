/** One HTTPS request, and nothing else: what a one-shot command is measured by. BENCH_URL, BENCH_CA_FILE. */
import { readFileSync } from 'node:fs'
import { get } from 'node:https'

const { BENCH_URL = '', BENCH_CA_FILE } = process.env
get(BENCH_URL, BENCH_CA_FILE ? { ca: readFileSync(BENCH_CA_FILE) } : {}, (answer) => answer.resume())
