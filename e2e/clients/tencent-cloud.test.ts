/**
 * Tencent's own client with the sandbox: it signs every request, and knows the parameters of every action, so that it confirms the
 * sandbox and the commands that `pullpass trust plan -o tccli` prints. https://www.tencentcloud.com/document/product/494/7244
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import type { TencentSandbox } from '../../sandbox/tencent/vendor.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import { resultsOf } from '../../test/commands/trust/run-trust.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import { documentAt } from '../../test/vendors/tencent/run-trust.ts'
import { installPythonProgram } from '../../tools/real-parts/install-python-programs.ts'
import type { AbsentPart } from '../../tools/real-parts/run-installer.ts'
import { runSuccessfully } from '../parts/process/run-program.ts'
import { absentPart } from '../parts/real-part.ts'

const script = join(import.meta.dirname, 'tencent-cloud/run-commands.py')

suite("Tencent's client", () => {
  let sandbox: Sandbox
  let cloud: TencentSandbox
  let file: string
  let python: string | undefined
  let absent: AbsentPart | undefined
  before(async () => {
    sandbox = await startSandbox({ trust: 'absent', namespaces: ['team-a'] })
    cloud = await sandbox.start(sandboxVendors.tencent)
    file = join(sandbox.folder.path, 'pull.yaml')
    await writeFile(file, documentAt(cloud, sandbox.parts.registry.port))
    try {
      python = join(await installPythonProgram('tencent'), 'bin/python')
    } catch (fault) {
      absent = absentPart(fault)
    }
  })
  after(async () => await sandbox.close())

  const trust = async (...words: readonly string[]) => await runPullpass(sandbox, ['trust', ...words, '-f', file])

  /** Each as a line of a script. */
  async function run(commands: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const stdout = await runSuccessfully(python ?? '', [script], {
      environment: {
        ...cloud.environment,
        CA_FILE: sandbox.folder.caFile,
        TOKEN_FILE: sandbox.folder.tokenFile,
        ROLE_ARN: cloud.roleArn,
        ...environment,
      },
      stdin: commands.map((line) => `${line}\n`).join(''),
    })
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

  const at = (service: 'cam' | 'sts' | 'tcr', words: string) => {
    const { host } = new URL(cloud.parts[service === 'cam' ? 'cam' : 'tokens'].url)
    return `tccli ${service} ${words} --region eu-frankfurt --endpoint ${host}`
  }

  const skipWithout = (t: TestContext) => {
    if (absent !== undefined) t.skip(absent.message)
    return absent !== undefined
  }

  test('runs the printed commands, after which apply changes nothing and the role pulls', async (t) => {
    if (skipWithout(t)) return
    const { stdout } = await trust('plan', '-o', 'tccli')
    const commands = stdout.split('\n').filter((line) => line.startsWith('tccli '))
    const responses = await run(commands)
    assert.equal(responses.length, 4)
    assert.deepEqual(
      responses.filter(({ error }) => error),
      [],
    )
    const applied = await trust('apply', '--yes')
    assert.equal(applied.exitCode, 0, applied.stderr)
    assert.deepEqual(resultsOf(applied), ['unchanged', 'unchanged', 'unchanged'])
    await sandbox.writeToken({ audiences: [cloud.audience] })
    const [credential] = await run([at('tcr', 'CreateInstanceToken --RegistryId tcr-example --TokenType temp')])
    const holder = cloud.authenticate({ username: credential.Username, password: credential.Token })
    assert.ok(holder?.mayPull('example-project/images/hello'), JSON.stringify(credential))
    assert.ok(!holder?.mayPull('example-project/other/hello'))
  })

  test('reads what apply created, and removes it as destroy does', async (t) => {
    if (skipWithout(t)) return
    await trust('apply', '--yes', '--no-verify')
    const { id, name } = [...cloud.account.policies.values()][0] ?? assert.fail()
    const [identity, provider, role, roles, listed, policy, entities, attached] = await run([
      at('sts', 'GetCallerIdentity'),
      at('cam', 'DescribeOIDCConfig --Name cluster'),
      at('cam', 'GetRole --RoleName puller'),
      at('cam', 'DescribeRoleList --Page 1 --Rp 200'),
      at('cam', `ListPolicies --Keyword ${name} --Scope Local --Page 1 --Rp 200`),
      at('cam', `GetPolicy --PolicyId ${id}`),
      at('cam', `ListEntitiesForPolicy --PolicyId ${id} --Page 1 --Rp 200`),
      at('cam', 'ListAttachedRolePolicies --RoleName puller --Page 1 --Rp 200'),
    ])
    assert.equal(identity.AccountId, cloud.accountId)
    assert.deepEqual([provider.IdentityUrl, provider.ClientId], [sandbox.cluster.issuer, [cloud.audience]])
    assert.equal(role.RoleInfo.RoleArn, cloud.roleArn)
    assert.deepEqual([roles.TotalNum, listed.List[0].PolicyId, attached.List[0].PolicyName], [1, id, name])
    assert.equal(JSON.parse(policy.PolicyDocument).version, '2.0')
    assert.deepEqual([entities.List[0].Name, entities.List[0].RelatedType], ['puller', 3])
    const removed = await run([
      at('cam', 'UpdateRoleDescription --RoleName puller --Description other'),
      at('cam', `DetachRolePolicy --DetachRoleName puller --PolicyName ${name}`),
      at('cam', `DeletePolicy --PolicyId '[${id}]'`),
      at('cam', 'DeleteRole --RoleName puller'),
      at('cam', 'DeleteOIDCConfig --Name cluster'),
    ])
    assert.deepEqual(
      removed.filter(({ error }) => error),
      [],
    )
    assert.equal(cloud.account.providers.size + cloud.account.roles.size + cloud.account.policies.size, 0)
    const absentNow = await run([
      at('cam', 'GetRole --RoleName puller'),
      at('cam', 'DescribeOIDCConfig --Name cluster'),
    ])
    assert.deepEqual(
      absentNow.map(({ error }) => error),
      ['InvalidParameter.RoleNotExist', 'ResourceNotFound.IdentityNotExist'],
    )
  })

  test('is refused with another key', async (t) => {
    if (skipWithout(t)) return
    const [refused] = await run([at('sts', 'GetCallerIdentity')], { TENCENTCLOUD_SECRET_KEY: 'other' })
    assert.equal(refused.error, 'AuthFailure.SignatureFailure')
  })
})
