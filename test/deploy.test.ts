import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { runPullpass } from './support/run-pullpass.ts'
import { startTestSandbox } from './support/start-test-sandbox.ts'

const folders = { watch: 'deploy/issuer', serve: 'deploy/issuer-serve' } as const

async function readObjects(folder: string) {
  const documents = parseAllDocuments(await readFile(`${folder}/manifests.yaml`, 'utf8'))
  const objects = documents.map((document) => document.toJS())
  const find = (kind: string) => objects.find((object) => object.kind === kind)
  const pod = find('Deployment').spec.template.spec
  return { find, pod, container: pod.containers[0] }
}

async function assertPrinted(part: string) {
  const read = async (file: string) =>
    parseAllDocuments(await readFile(file, 'utf8'))
      .map((document) => document.toJS())
      .filter(({ metadata }) => metadata.name === `pullpass-${part}.pullpass-system`)
  const printed = await read('deploy/cronjob/manifests.yaml')
  assert.equal(printed.length, 2)
  assert.deepEqual(await read(`deploy/${part}/policy.yaml`), printed)
}

suite('the manifests in deploy/', () => {
  test('issuer watch and issuer serve have the same restrictions', async () => {
    const restrictionsOf = async (folder: string) => {
      const { find, pod, container } = await readObjects(folder)
      return {
        namespace: find('Namespace').metadata.labels,
        pod: { ...pod.securityContext, token: pod.automountServiceAccountToken, links: pod.enableServiceLinks },
        container: [container.securityContext, container.resources, container.terminationMessagePolicy],
        probes: [container.livenessProbe, container.readinessProbe],
        egress: find('NetworkPolicy').spec.egress,
        apiAccess: pod.volumes[0],
      }
    }
    assert.deepEqual(await restrictionsOf(folders.serve), await restrictionsOf(folders.watch))
  })

  test('serves health and metrics only to labelled namespaces', async () => {
    const from = [{ namespaceSelector: { matchLabels: { metrics: 'enabled' } } }]
    const health = { ports: [{ protocol: 'TCP', port: 8081 }], from }
    const ingressOf = async (folder: string) => (await readObjects(folder)).find('NetworkPolicy').spec.ingress
    assert.deepEqual(await ingressOf(folders.watch), [health])
    assert.deepEqual(await ingressOf(folders.serve), [{ ports: [{ protocol: 'TCP', port: 8080 }] }, health])
  })

  for (const [command, folder] of Object.entries(folders)) {
    test(`${folder} runs issuer ${command} of this version`, async () => {
      const { version } = JSON.parse(await readFile('package.json', 'utf8'))
      const { container } = await readObjects(folder)
      const { images } = parse(await readFile(`${folder}/kustomization.yaml`, 'utf8'))
      assert.deepEqual(container.args.slice(0, 2), ['issuer', command])
      assert.equal(container.image, `pullpass:${version}`)
      assert.deepEqual(images, [{ name: 'pullpass', newName: 'pullpass', newTag: version }])
    })

    test(`${folder}, without a target, fails with the expected value`, async (t) => {
      const { container } = await readObjects(folder)
      const words: string[] = container.args.filter((word: string) => !/^--(health-)?listen/.test(word))
      const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
      const { exitCode, stderr } = await runPullpass(sandbox, [
        ...words,
        ...(command === 'serve' ? ['--listen=0'] : []),
      ])
      assert.ok(exitCode === 1 || exitCode === 2, `${exitCode}`)
      assert.match(stderr, /the target is "gs:\/\/BUCKET\/PATH"|--issuer-url is "ISSUER_URL"/)
    })
  }

  test('deploy/settings is the output of pullpass manifests', async () => await assertPrinted('settings'))

  test('deploy/root-ca is the output of pullpass manifests', async () => await assertPrinted('root-ca'))

  test('each base whose Pods trust kube-root-ca.crt includes the policy that protects it', async () => {
    const bases = (await readdir('deploy', { withFileTypes: true })).filter((entry) => entry.isDirectory())
    for (const { name } of bases) {
      const files = (await readdir(`deploy/${name}`)).filter((file) => file.endsWith('.yaml'))
      const texts = await Promise.all(files.map(async (file) => await readFile(`deploy/${name}/${file}`, 'utf8')))
      if (!texts.some((text) => text.includes('kube-root-ca.crt'))) continue
      const brings = texts.some((text) => text.includes('- ../root-ca') || text.includes('pullpass-root-ca.'))
      assert.ok(brings, `deploy/${name}`)
    }
  })
})
