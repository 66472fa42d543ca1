/** An imitation of gcloud at the sandbox's Google: the few commands that doctor prints, each as a whole. */
import assert from 'node:assert/strict'
import type { GoogleCloud } from '../../sandbox/gcp/google-cloud.ts'

const enabling = /^iam workload-identity-pools (?:update|providers update-oidc) (projects\/\S+) --no-disabled$/
const opening =
  /^storage buckets add-iam-policy-binding gs:\/\/(\S+) --role=roles\/storage\.objectViewer --member=allUsers --condition=None$/

const serving = /^services enable (\S+\.googleapis\.com) --project=(\S+)$/
const reading =
  /^artifacts repositories add-iam-policy-binding projects\/(\S+?)\/locations\/\S+\/repositories\/(\S+) --role=roles\/artifactregistry\.reader --member=(\S+) --condition=None$/

export function applyAtGoogle(
  { identity, store, services, repositories }: GoogleCloud,
  words: readonly string[],
): void {
  const line = words.join(' ')
  const [, disabledName] = enabling.exec(line) ?? []
  const [, bucket] = opening.exec(line) ?? []
  const [, service, project = ''] = serving.exec(line) ?? []
  const [, owner, repository, member = ''] = reading.exec(line) ?? []
  if (disabledName !== undefined) {
    const { disabled, ...kept } = identity.read(disabledName) ?? assert.fail(`NOT_FOUND: ${disabledName}`)
    assert.ok(disabled)
    identity.write(kept)
  } else if (bucket !== undefined) store.setAccess(bucket, 'public')
  else if (service !== undefined) services.enable(project, service)
  else if (owner !== undefined) repositories.allowReading(`${owner}/${repository}`, member)
  else assert.fail(`this test does not know gcloud ${line}`)
}
