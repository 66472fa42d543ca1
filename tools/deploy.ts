/**
 * Writes the files in deploy/ that pullpass generates:
 *
 *   deploy/cronjob/manifests.yaml             the output of pullpass manifests for documents.yaml
 *   deploy/controller/manifests.yaml          the same with --controller
 *   deploy/ISSUER/account-policies.yaml       the policies of the accounts of issuer watch and issuer serve
 *   deploy/crds/manifests.yaml                the output of pullpass manifests crds
 */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { issuerAccountPolicies } from '../src/manifests/policies/account-policies.ts'

const { version }: { version: string } = JSON.parse(await readFile('package.json', 'utf8'))

for (const [folder, flags] of [
  ['deploy/cronjob', []],
  ['deploy/controller', ['--controller']],
] as const) {
  const ofDocuments = ['-f', `${folder}/documents.yaml`, '--image', `pullpass:${version}`]
  await write(`${folder}/manifests.yaml`, await printed('manifests', ...ofDocuments, ...flags))
}
await write('deploy/crds/manifests.yaml', await printed('manifests', 'crds'))

for (const component of ['issuer', 'issuer-serve']) {
  const account = { namespace: 'pullpass-system', name: `pullpass-${component}`, component }
  const policies = issuerAccountPolicies(account).map((policy) => stringify(policy, { lineWidth: 0 }))
  const comment = [
    `# Restricts requests under the user name of account ${account.name}, whatever its role grants: it writes no Secret and no`,
    '# ServiceAccount, requests only tokens of its own account, for pullpass.dev/issuer and at most 10 minutes, and creates only Events',
    '# about its key state. Reads are not restricted, nor an account that may impersonate others or change these policies. Written by npm run deploy.',
  ].join('\n')
  await write(`deploy/${component}/account-policies.yaml`, `${comment}\n${policies.join('---\n')}`)
}

async function printed(...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, ['src/cli.ts', ...words])).stdout
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text)
  console.log(file)
}
