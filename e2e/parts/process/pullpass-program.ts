/** The program that users install, started with Node.js: the built package takes half of the CPU time of the sources. */
import { fileURLToPath } from 'node:url'

export const pullpassProgram: string = fileURLToPath(new URL('../../../dist/pullpass.mjs', import.meta.url))
