import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { startTcpForwarder } from '../../support/tcp-forwarder.ts'
import { startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'

test('when the API server gets a certificate of another CA, the controller continues as soon as the file with its CA is replaced', async (t) => {
  const { sandbox, time, start, exchanges, addNamespace, hasSecret } = await startControllerTest(t)
  const { folder, cluster, parts, authority } = sandbox
  const next = await createCertificateAuthority()
  const rotated = await servePart({
    handler: cluster.handle,
    tls: { authority: next, http2: 'offered' },
    now: time.now,
  })
  t.after(rotated.close)
  const forwarder = await startTcpForwarder(t, parts.kubernetes.port)
  const caFile = await sandbox.write('ca.crt', authority.ca)
  const kubeconfig = sandbox.kubeconfig
    .replace(/server: .*/, `server: https://127.0.0.1:${forwarder.port}`)
    .replace(/certificate-authority-data: .*/, `certificate-authority: ${caFile}`)
  await writeFile(folder.kubeconfigFile, kubeconfig)
  const { whenFresh, health, logged } = await start()
  await whenFresh(2)
  forwarder.leadTo(rotated.port)
  const step = (description: string) => ({ stepMs: 1_000, description })
  await advanceUntil(time, step('the failure'), () =>
    health('/readyz').includes('namespaces are not watched: CERTIFICATE_UNTRUSTED'),
  )
  addNamespace('team-c')
  assert.deepEqual(rotated.seen, []) // no token was sent
  await writeFile(caFile, next.ca)
  await advanceUntil(time, step('the Secret'), () => hasSecret('team-c'))
  await advanceUntil(time, step('the watches'), () => health('/readyz').startsWith('[+]watches ok'))
  await whenFresh(3)
  assert.equal(exchanges(), 1)
  const secret = cluster.store.read('Secret', 'team-a', 'regcred')
  assert.ok(secret)
  cluster.store.remove(secret)
  await until('the repair', () => hasSecret('team-a'))
  assert.equal(logged.filter((line) => line.includes('CERTIFICATE_UNTRUSTED')).length <= 3, true, logged.join('\n'))
})
