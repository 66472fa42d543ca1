/** pullpass issuer show at a real control plane: an internal issuer, then the steps to another one in the printed order. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { clusterRoleBindings, issuerDiscoveryBinding, renderKubeconfig } from '../parts/control-plane/users.ts'
import { pullpassProgram } from '../parts/process/pullpass-program.ts'
import { runProgram } from '../parts/process/run-program.ts'
import { withRealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'

const [from, to] = ['https://kubernetes.default.svc', 'https://127.0.0.1:9/cluster-1'] // no server listens there: none is contacted

await withRealPart(
  'control plane',
  () => startControlPlane({ issuer: from, controllers: 'all', users: ['jane'] }),
  (plane) => {
    let folder: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pullpass-issuer-show-'))
    })
    after(() => rm(folder, { recursive: true }))

    const show = async (kubeconfig: string, ...args: string[]) => {
      const file = join(folder, 'kubeconfig')
      await writeFile(file, kubeconfig, { mode: 0o600 })
      return await runProgram(process.execPath, [pullpassProgram, 'issuer', 'show', '--kubeconfig', file, ...args])
    }
    const report = async () => JSON.parse((await show(plane.kubeconfig, '-o', 'json')).stdout)

    suite('pullpass issuer show, at a real control plane', () => {
      test('reports an internal issuer, the signing key, and the steps to another issuer', async () => {
        const { exitCode, stdout, stderr } = await show(plane.kubeconfig, '--distribution', 'k3s')
        assert.deepEqual([exitCode, stderr], [0, ''])
        assert.match(stdout, /^issuer +https:\/\/kubernetes\.default\.svc$/m)
        assert.match(stdout, /^mode +publish: no cloud can read this issuer: another one has to be set first$/m)
        assert.match(stdout, /^fresh token +verifies with key [\w-]{43}, which the cluster serves$/m)
        assert.match(stdout, /^[\w-]{43} {2}RSA \d+ {2}RS256$/m)
        assert.match(stdout, /^ {7}- service-account-issuer=https:\/\/kubernetes\.default\.svc$/m)
      })

      test('without permissions it reports which one is missing', async () => {
        const { exitCode, stderr } = await show(renderKubeconfig(plane, plane.userTokens.get('jane') ?? ''))
        assert.equal(exitCode, 1)
        assert.match(
          stderr,
          /^DISCOVERY_FORBIDDEN \(discovery\): the API server responded with 403 "forbidden: User "jane" cannot/,
        )
        assert.match(stderr, /system:service-account-issuer-discovery/)
      })

      test('the reported permission is sufficient, and a token of an unknown account is reported as not requested', async () => {
        const body = issuerDiscoveryBinding('User', 'jane')
        assert.equal((await requestKubernetes(plane, { method: 'POST', path: clusterRoleBindings, body })).status, 201)
        const { exitCode, stdout } = await show(renderKubeconfig(plane, plane.userTokens.get('jane') ?? ''))
        assert.equal(exitCode, 0)
        assert.match(stdout, /^fresh token +not requested: .*cannot create resource "serviceaccounts\/token"/m)
      })

      test('in the printed order no token is refused: the issuer is accepted first, then used, and both are listed until the last step', async () => {
        const request = {
          method: 'POST',
          path: '/api/v1/namespaces/default/serviceaccounts/default/token',
          body: { spec: { expirationSeconds: 3600 } },
        }
        const mint = async (): Promise<string> => {
          const response: { status: { token: string } } = JSON.parse((await requestKubernetes(plane, request)).body)
          return response.status.token
        }
        const isAccepted = async (adminToken: string) =>
          (await requestKubernetes({ ...plane, adminToken }, { path: '/openid/v1/jwks' })).status === 200
        const old = await mint()

        await plane.restart({ issuer: from, acceptedIssuers: [to] })
        assert.equal((await report()).issuer, from)
        assert.ok(await isAccepted(old))

        await plane.restart({ issuer: to, acceptedIssuers: [from] })
        const { issuer, token } = await report()
        assert.deepEqual([issuer, token.issuer, token.signature], [to, to, 'verified'])
        assert.deepEqual([await isAccepted(old), await isAccepted(await mint())], [true, true])

        await plane.restart({ issuer: to, acceptedIssuers: [] })
        assert.equal(await isAccepted(old), false)
      })
    })
  },
)
