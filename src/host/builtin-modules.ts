/**
 * Modules of Node.js for code that every run loads. An import statement evaluates each export, among them getters that load
 * further modules: of node:fs it costs 5 ms of CPU at each start, of node:path 1 ms. https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
export const fs: typeof import('node:fs') = process.getBuiltinModule('node:fs')
export const path: typeof import('node:path') = process.getBuiltinModule('node:path')
