import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { account, accountPath, poolName, pools, repository, startGoogle } from '../start-google.ts'

const create = 'POST /v1/projects/example-project/serviceAccounts'
const user = 'roles/iam.workloadIdentityUser'
const subject = `principal://iam.googleapis.com/${poolName}/subject/system:serviceaccount:a:b`

suite('a service account', () => {
  test('is created, read, and deleted with its policy', async (t) => {
    const { google, send } = await startGoogle(t)
    const created = await send('iam', create, {
      body: { accountId: 'puller', serviceAccount: { displayName: 'Pulls images', description: 'pullpass:one' } },
    })
    assert.equal(created.status, 200)
    assert.equal(created.body.name, `projects/example-project/serviceAccounts/${account}`)
    assert.deepEqual((await send('iam', `GET ${accountPath}`)).body, created.body)
    assert.deepEqual(
      (await send('iam', `GET ${accountPath.replace('example-project', '123456789012')}`)).body,
      created.body,
    )

    google.accounts.allowTokens(account, subject)
    assert.deepEqual((await send('iam', `DELETE ${accountPath}`)).body, {})
    assert.equal((await send('iam', create, { body: { accountId: 'puller' } })).status, 200)
    assert.equal(google.accounts.mayCreateTokens(account, [subject]), false)
  })

  test('that exists is not created again, and one that does not is not found', async (t) => {
    const { google, send } = await startGoogle(t)
    const { status, body } = await send('iam', `GET ${accountPath}`)
    assert.deepEqual([status, body.error.message], [404, 'Unknown service account'])
    google.accounts.put(account)

    assert.deepEqual((await send('iam', create, { body: { accountId: 'puller' } })).body.error, {
      code: 409,
      message: 'Service account puller already exists within project projects/example-project.',
      status: 'ALREADY_EXISTS',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ResourceInfo',
          resourceName: `projects/example-project/serviceAccounts/${account}`,
        },
      ],
    })
  })

  test('with "-" as project is denied if it does not exist', async (t) => {
    const { send } = await startGoogle(t)
    const { status, body } = await send('iam', `GET /v1/projects/-/serviceAccounts/${account}`)

    assert.equal(status, 403)
    assert.equal(body.error.message, "Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist).")
  })

  for (const accountId of ['short', 'Puller', '1puller', 'puller-', 'x'.repeat(31)])
    test(`is not created as "${accountId}"`, async (t) => {
      const { send } = await startGoogle(t)

      assert.equal((await send('iam', create, { body: { accountId } })).body.error.status, 'INVALID_ARGUMENT')
    })
})

suite('a deleted service account', () => {
  const puller = { accountId: 'puller', serviceAccount: { description: 'pullpass:one' } }
  const reader = 'roles/artifactregistry.reader'
  const member = `serviceAccount:${account}`

  async function start(t: Parameters<typeof startGoogle>[0]) {
    const started = await startGoogle(t)
    const { body } = await started.send('iam', create, { body: puller })
    started.google.policies.allow(repository, reader, member)
    started.google.accounts.allowTokens(account, subject)
    await started.send('iam', `DELETE ${accountPath}`)
    const undelete = async (name: string) =>
      await started.send('iam', `POST /v1/projects/example-project/serviceAccounts/${name}:undelete`)
    const members = () => started.google.policies.read(repository).bindings.flatMap((binding) => binding.members)
    return { ...started, created: body, uniqueId: `${body.uniqueId}`, undelete, members }
  }

  test('is listed in policies with its unique ID, and is granted nothing', async (t) => {
    const { google, members, uniqueId } = await start(t)
    assert.deepEqual(members(), [`deleted:serviceAccount:${account}?uid=${uniqueId}`])
    assert.equal(google.policies.grants(repository, [reader], [member]), false)
  })

  test('is undeleted by its unique ID, with its roles and its policy', async (t) => {
    const { google, undelete, members, uniqueId, created } = await start(t)
    const { status, body } = await undelete(uniqueId)

    assert.deepEqual([status, body], [200, { restoredAccount: created }])
    assert.deepEqual(members(), [member])
    assert.equal(google.policies.grants(repository, [reader], [member]), true)
    assert.equal(google.accounts.mayCreateTokens(account, [subject]), true)
  })

  test('is not undeleted by its address, nor after 30 days', async (t) => {
    const { undelete, advance, uniqueId } = await start(t)
    assert.deepEqual([(await undelete(account)).status, (await undelete('1')).status], [404, 404])
    advance('720h')
    assert.equal((await undelete(uniqueId)).body.error.message, 'Unknown service account')
  })

  test('is not undeleted if a new account has its name, which inherits nothing', async (t) => {
    const { google, send, undelete, uniqueId } = await start(t)
    const { body } = await send('iam', create, { body: puller })

    assert.notEqual(body.uniqueId, uniqueId)
    assert.equal(google.policies.grants(repository, [reader], [member]), false)
    assert.equal(google.accounts.mayCreateTokens(account, [subject]), false)
    assert.equal((await undelete(uniqueId)).status, 409)
  })

  test('cannot be in a policy with a new account of the same name', async (t) => {
    const { send, members } = await start(t)
    await send('iam', create, { body: puller })
    const bindings = [{ role: reader, members: [...members(), member] }]
    const { body } = await send('artifactRegistry', `POST /v1/${repository}:setIamPolicy`, {
      body: { policy: { bindings } },
    })

    assert.match(body.error.message, /^Inconsistent representation of deleted member: 'deleted:serviceAccount:puller@/)
  })

  test('is undeleted only with the permission', async (t) => {
    const { google, undelete, uniqueId } = await start(t)
    google.operators.withhold('iam.serviceAccounts.undelete')
    assert.equal((await undelete(uniqueId)).status, 403)
  })
})

suite('a policy', () => {
  async function start(t: Parameters<typeof startGoogle>[0]) {
    const started = await startGoogle(t)
    started.google.accounts.put(account)
    await started.write(`POST ${pools}?workloadIdentityPoolId=pool`, {})
    const read = async (query = '') => (await started.send('iam', `POST ${accountPath}:getIamPolicy${query}`)).body
    const set = (policy: object) => started.send('iam', `POST ${accountPath}:setIamPolicy`, { body: { policy } })
    return { ...started, read, set }
  }

  test('is empty at first, then as written, with bindings of one role merged', async (t) => {
    const { read, set } = await start(t)
    assert.deepEqual(await read(), { etag: 'ACAB' })
    const other = `${subject}2`
    const { body } = await set({
      etag: 'ACAB',
      bindings: [
        { role: user, members: [subject, subject] },
        { role: user, members: [other] },
        { role: 'roles/iam.serviceAccountTokenCreator', members: [] },
      ],
    })

    assert.deepEqual(body.bindings, [{ role: user, members: [subject, other] }])
    assert.deepEqual(await read(), body)
  })

  test('that was changed concurrently is not replaced', async (t) => {
    const { google, read, set } = await start(t)
    const { etag } = await read()
    google.accounts.allowTokens(account, subject)
    const { status, body } = await set({ etag, bindings: [] })

    assert.deepEqual([status, body.error.status], [409, 'ABORTED'])
    assert.match(
      body.error.message,
      /^There were concurrent policy changes\. Please retry the whole read-modify-write with exponential backoff\. The request's ETag '\\000 \\001' did not match the current policy's ETag '.+'\.$/,
    )
    assert.deepEqual((await read()).bindings, [{ role: user, members: [subject] }])
    assert.equal((await set({ bindings: [] })).status, 200) // without an etag it is replaced
  })

  test('accepts an etag in base64url, as gcloud sends it', async (t) => {
    const { set, advance } = await start(t)
    let etag = ''
    for (let written = 0; !/[+/]/.test(etag) && written < 200; written++) {
      advance('1 s')
      etag = (await set({ bindings: [] })).body.etag
    }
    const asGcloud = etag.replaceAll('+', '-').replaceAll('/', '_')

    assert.notEqual(asGcloud, etag)
    assert.equal((await set({ etag: asGcloud, bindings: [] })).status, 200)
    assert.equal((await set({ etag: asGcloud, bindings: [] })).status, 409)
  })

  const members = (count: number) => Array.from({ length: count }, (_, index) => `user:u${index}@example.com`)
  const refused: Record<string, [binding: object, message: string]> = {
    'with 1,501 members': [
      { role: user, members: members(1501) },
      'The number of members in the policy (1,501) is larger than the maximum allowed size 1,500.',
    ],
    'over 64 KiB': [
      { role: user, members: members(1000).map((member) => member + 'x'.repeat(60)) },
      'The size of the policy (83,958) is larger than the maximum allowed size 65,536.',
    ],
    'with a role of another service': [
      { role: 'roles/artifactregistry.reader', members: [subject] },
      'Role roles/artifactregistry.reader is not supported for this resource.',
    ],
    'with an invalid role': [
      { role: 'workloadIdentityUser', members: [subject] },
      'The role name must be in the form "roles/{role}", "organizations/{organization_id}/roles/{role}", or "projects/{project_id}/roles/{role}".',
    ],
    'for a pool that does not exist': [
      { role: user, members: [subject.replace('/pool/', '/loop/')] },
      'Identity Pool does not exist (projects/123456789012/locations/global/workloadIdentityPools/loop). Please check that you specified a valid resource name as returned in the `name` attribute in the configuration API.',
    ],
    'for a pool with a project ID': [
      { role: user, members: [subject.replace('123456789012', 'example-project')] },
      `Invalid principal: "${subject.replace('123456789012', 'example-project')}".`,
    ],
    'for an account that does not exist': [
      { role: user, members: ['serviceAccount:gone@example-project.iam.gserviceaccount.com'] },
      'Service account gone@example-project.iam.gserviceaccount.com does not exist.',
    ],
  }
  for (const [name, [binding, message]] of Object.entries(refused))
    test(`${name} is refused`, async (t) => {
      const { read, set } = await start(t)
      const { status, body } = await set({ bindings: [binding] })

      assert.deepEqual([status, body.error.status, body.error.message], [400, 'INVALID_ARGUMENT', message])
      assert.deepEqual(await read(), { etag: 'ACAB' })
    })

  test('with a condition returns it in version 3, and older versions cannot remove it', async (t) => {
    const { google, read, set } = await start(t)
    const condition = { title: 'until', expression: 'request.time < timestamp("2027-01-01T00:00:00Z")' }
    const bindings = [{ role: user, members: [subject], condition }]
    assert.equal((await set({ bindings })).status, 400)
    assert.equal((await set({ version: 3, bindings })).status, 200)

    const shown = await read()
    assert.equal(shown.version, 1)
    assert.match(shown.bindings[0].role, /^roles\/iam\.workloadIdentityUser_withcond_[0-9a-f]{20}$/)
    assert.equal((await set({ version: 1, etag: shown.etag, bindings: [] })).status, 400)
    assert.deepEqual((await read('?options.requestedPolicyVersion=3')).bindings, bindings)
    assert.equal(google.accounts.mayCreateTokens(account, [subject]), false)
  })

  test('requires its permission', async (t) => {
    const { google, send } = await start(t)
    google.operators.withhold('iam.serviceAccounts.setIamPolicy')
    const { status, body } = await send('iam', `POST ${accountPath}:setIamPolicy`, { body: { policy: {} } })

    assert.deepEqual(
      [status, body.error.message],
      [403, "Permission 'iam.serviceAccounts.setIamPolicy' denied on resource (or it may not exist)."],
    )
  })
})
