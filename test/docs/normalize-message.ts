/** Replaces addresses and files of the sandbox in a message with those of a real cluster and of Google. */
import type { TestSandbox } from '../support/start-test-sandbox.ts'

export function normalizeMessage(
  message: string,
  { parts, gcp, folder }: Pick<TestSandbox, 'parts' | 'gcp' | 'folder'>,
): string {
  const replacements = [
    [gcp.parts.sts.url, 'https://sts.googleapis.com'],
    [gcp.parts.iamCredentials.url, 'https://iamcredentials.googleapis.com'],
    [`localhost:${parts.registry.port}`, 'europe-docker.pkg.dev'],
    [gcp.parts.storage.url, 'https://storage.googleapis.com'],
    [parts.kubernetes.url, 'https://cluster.example.com:6443'],
    ['proxy 127.0.0.1:1 ', 'proxy proxy.example.com:3128 '],
    ['certificate for 127.0.0.1', 'certificate for sts.googleapis.com'],
    [folder.tokenFile, '/var/run/secrets/tokens/oidc-token'],
    [`${folder.path}/`, ''],
  ] as const
  return replacements
    .reduce((text, [from, to]) => text.replaceAll(from, to), message)
    .replaceAll(/key "[\w-]{43}"/g, 'key "kR2aXyI7rXUjKFh0lEUGc5GbOMpgcZt2SNUx2Y3DDtc"') // generated for each sandbox
    .replace(/(?<=^INTERNAL.*Error at ).*/, 'refreshOnce (pullpass.mjs:1:2345)')
    .trimEnd()
}
