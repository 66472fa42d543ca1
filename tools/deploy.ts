/** Writes deploy/cronjob/manifests.yaml anew: what the command prints for the documents beside it. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const folder = 'deploy/cronjob'
const words = ['src/cli.ts', 'manifests', '-f', `${folder}/documents.yaml`]
const { stdout } = await promisify(execFile)(process.execPath, words)
await writeFile(`${folder}/manifests.yaml`, stdout)
console.log(`${folder}/manifests.yaml`)
