/** A real containerd with folders and a socket of its own, and a sandbox image that it need not fetch. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstalledProgram } from '../process/find-program.ts'
import { type ProgramRun, runProgram, runSuccessfully } from '../process/run-program.ts'
import type { PartContext } from '../process/start-part.ts'
import { waitUntil } from '../process/wait-until.ts'
import { buildImage } from '../registry/build-image.ts'
import { renderContainerdConfig, sandboxImage } from './render-containerd-config.ts'

const sandboxProgram = '#include <unistd.h>\nint main(void) { for (;;) pause(); }'

/** Pods share the machine's network, so that loopback is all there is: https://www.cni.dev/docs/spec/ */
const network = { cniVersion: '0.4.0', name: 'loopback', plugins: [{ type: 'loopback' }] }

/** Returns the endpoint for a kubelet. At the end its containers go first, then itself. */
export async function startContainerd({ folder, start, defer }: PartContext): Promise<string> {
  const containerd = findInstalledProgram('containerd', 'containerd')
  const ctr = findInstalledProgram('ctr', 'containerd')
  const runc = findInstalledProgram('runc', 'runc')
  const socket = join(folder, 'containerd.sock')
  const clientFlags = [`--address=${socket}`, '--namespace=k8s.io']

  await mkdir(join(folder, 'cni'))
  await writeFile(join(folder, 'cni', 'loopback.conflist'), JSON.stringify(network))
  await writeFile(join(folder, 'containerd.toml'), renderContainerdConfig(folder, socket, runc))
  const { ended } = start(containerd, [`--config=${join(folder, 'containerd.toml')}`])
  const answers = async () => (await runProgram(ctr, [...clientFlags, 'version'])).exitCode === 0 || undefined
  await waitUntil('containerd', 20_000, answers, ended)
  defer(() => removeTasks((...command) => runProgram(ctr, [...clientFlags, ...command])))

  const archive = await buildImage(join(folder, 'sandbox-image'), sandboxImage, sandboxProgram)
  await runSuccessfully(ctr, [...clientFlags, 'images', 'import', '--snapshotter=native', archive])
  return `unix://${socket}`
}

/** With its last task a shim ends too, which otherwise outlives containerd. */
async function removeTasks(ctr: (...command: string[]) => Promise<ProgramRun>): Promise<void> {
  await waitUntil('the containers to end', 20_000, async () => {
    const ids = (await ctr('tasks', 'list', '--quiet')).stdout.split('\n').filter((id) => id !== '')
    // Its exit code is the container's, or tells that containerd, who also removes what ended, was first.
    for (const id of ids) await ctr('tasks', 'delete', '--force', id)
    return ids.length === 0 || undefined
  })
}
