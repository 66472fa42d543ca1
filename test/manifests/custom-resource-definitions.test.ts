import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { documentJsonSchemas, type JsonSchema } from '../../src/document/json-schema.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

type Schema = JsonSchema & { readonly additionalProperties?: boolean | Schema }

const definitions = parseAllDocuments(await readFile('deploy/crds/manifests.yaml', 'utf8')).map((one) => one.toJS())
const [schema, tenantSchema]: Schema[] = definitions.map(({ spec }) => spec.versions[0].schema.openAPIV3Schema)

/** Each part of a schema, with its path. */
function* partsOf(part: Schema, path = ''): Generator<readonly [string, Schema]> {
  yield [path, part]
  for (const [name, field] of Object.entries(part.properties ?? {})) yield* partsOf(field, `${path}.${name}`)
  if (part.items !== undefined) yield* partsOf(part.items, `${path}[]`)
  if (typeof part.additionalProperties === 'object') yield* partsOf(part.additionalProperties, `${path}{}`)
}

suite('the CustomResourceDefinitions', () => {
  test('deploy/crds is the output of pullpass manifests crds', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { stdout, exitCode } = await runPullpass(sandbox, ['manifests', 'crds'])
    assert.equal(exitCode, 0)
    assert.equal(await readFile('deploy/crds/manifests.yaml', 'utf8'), stdout, 'npm run deploy')
    const asJson = await runPullpass(sandbox, ['manifests', 'crds', '-o', 'json'])
    assert.deepEqual(JSON.parse(asJson.stdout), { apiVersion: 'v1', kind: 'List', items: definitions })
    assert.deepEqual(sandbox.parts.kubernetes.seen, [])
  })

  test('have every field of a document, except for those that name files', async () => {
    const documented = [...partsOf((await documentJsonSchemas(vendors)).ClusterPullSecret)].map(([path]) => path)
    const defined = new Set([...partsOf(schema ?? {})].map(([path]) => path))
    const inSpec = documented.filter((path) => path.startsWith('.spec'))
    assert.deepEqual(
      inSpec.filter((path) => !defined.has(path)),
      [
        '.spec.registries[].tokenFile',
        '.spec.registries[].gcp.credentialFile',
        '.spec.registries[].oidc.clientAuthentication.clientSecret.file',
        '.spec.registries[].oidc.clientAuthentication.privateKey.file',
        '.spec.registries[].http.json{}', // any JSON
        '.spec.registries[].static.passwordFile',
        '.spec.registries[].static.dockerConfigFile',
      ],
    )
    const ofTenants = [...partsOf((await documentJsonSchemas(vendors)).PullSecret)].map(([path]) => path)
    const definedForTenants = new Set([...partsOf(tenantSchema ?? {})].map(([path]) => path))
    assert.deepEqual(
      ofTenants.filter((path) => path.startsWith('.spec') && !definedForTenants.has(path)),
      [],
    )
  })

  test('that of tenants has no field that names a file, an endpoint or another namespace', () => {
    const paths = [...partsOf(tenantSchema ?? {})].map(([path]) => path).filter((path) => path.startsWith('.spec'))
    assert.deepEqual(
      paths.filter((path) => /file|endpoint|namespace|secretRef|policy|issuer|universe|\burl\b/i.test(path.slice(5))),
      [
        '.spec.registries[].aws.sessionPolicy',
        '.spec.registries[].aws.sessionPolicyArns',
        '.spec.registries[].aws.sessionPolicyArns[]',
        '.spec.registries[].aws.endpointType',
        '.spec.registries[].awsPublic.endpointType',
        '.spec.registries[].jfrog.url',
        '.spec.deletionPolicy',
      ],
    )
  })

  test('bound each text, list and map, with patterns that Go compiles', () => {
    const parts = [schema, tenantSchema].flatMap((one) => [...partsOf(one ?? {})])
    const unbounded = parts.filter(([path, part]) => {
      if (/^(?:\.apiVersion|\.kind)?$/.test(path)) return false
      if (part.type === 'string') return part.maxLength === undefined && part.enum === undefined
      if (part.type === 'array') return part.maxItems === undefined
      return typeof part.additionalProperties === 'object' && part.maxProperties === undefined
    })
    assert.deepEqual(unbounded, [])
    for (const [path, { pattern = '' }] of parts) {
      assert.doesNotMatch(pattern, /\(\?(?!:)|\\[1-9]/, `${path}: RE2 has no lookarounds and no references`)
      const counts = [...pattern.matchAll(/\{\d*,?(\d+)\}/g)].map(([, most]) => Number(most))
      assert.ok(Math.max(0, ...counts) <= 1000, `${path}: RE2 counts to 1000`)
    }
  })
})
