/** The step with the controller: a new namespace gets its pull secret, without an exchange. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import { readPullSecret } from '../../test/support/read-pull-secret.ts'
import { spawnPullpass } from '../../test/support/spawn-pullpass.ts'

const limitMs = 30_000

/** Prints how long it took. Throws if the Secret does not appear in time. */
export async function timeNewNamespace(
  sandbox: Sandbox,
  file: string,
  name: string,
  print: (line: string) => void,
): Promise<void> {
  const argv = ['controller', '-f', file, '--no-leader-election', '--log-level', 'info']
  print(`$ pullpass ${argv.slice(0, 4).join(' ')} &`)
  const { child, ended } = spawnPullpass(argv, sandbox.environment)
  try {
    let log = ''
    child.stderr?.on('data', (text: string) => {
      log += text
    })
    await waitFor('the controller', () => log.includes(' all pull secrets were examined '))
    const createdMs = performance.now()
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await waitFor(`the pull secret of ${name}`, () => readPullSecret(sandbox, name) !== undefined)
    print(`namespace ${name}: its pull secret was there after ${Math.round(performance.now() - createdMs)} ms`)
  } finally {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
  }
  const { exitCode, stderr } = await ended
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stderr}`)
}

async function waitFor(what: string, holds: () => boolean): Promise<void> {
  const startedMs = performance.now()
  while (!holds()) {
    if (performance.now() - startedMs > limitMs) throw new Error(`waited ${limitMs / 1000} s for ${what}`)
    await sleep(5)
  }
}
