/** A single HTTPS request: the baseline of a one-shot command. Variables BENCH_URL, BENCH_CA_FILE. */
import { readFileSync } from 'node:fs'
import { get } from 'node:https'

const { BENCH_URL = '', BENCH_CA_FILE } = process.env
get(BENCH_URL, BENCH_CA_FILE ? { ca: readFileSync(BENCH_CA_FILE) } : {}, (response) => response.resume())
