/** A real containerd with its own folders and socket, and a local sandbox image. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstalledProgram } from '../process/find-program.ts'
import { type ProgramRun, runProgram, runSuccessfully } from '../process/run-program.ts'
import type { PartContext } from '../process/start-part.ts'
import { waitUntil } from '../process/wait-until.ts'
import { buildImage } from '../registry/build-image.ts'

const sandboxProgram = '#include <unistd.h>\nint main(void) { for (;;) pause(); }'

/** Pods share the machine's network, so only loopback is configured: https://www.cni.dev/docs/spec/ */
const network = { cniVersion: '0.4.0', name: 'loopback', plugins: [{ type: 'loopback' }] }

/** Returns the endpoint for a kubelet. On close its containers are removed first. */
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
  const isAvailable = async () => (await runProgram(ctr, [...clientFlags, 'version'])).exitCode === 0 || undefined
  await waitUntil('containerd', 20_000, isAvailable, ended)
  defer(() => removeTasks((...command) => runProgram(ctr, [...clientFlags, ...command])))

  const archive = await buildImage(join(folder, 'sandbox-image'), sandboxImage, sandboxProgram)
  await runSuccessfully(ctr, [...clientFlags, 'images', 'import', '--snapshotter=native', archive])
  return `unix://${socket}`
}

/** A shim exits with its last task; otherwise it would keep running after containerd has exited. */
async function removeTasks(ctr: (...command: string[]) => Promise<ProgramRun>): Promise<void> {
  await waitUntil('the containers to end', 20_000, async () => {
    const ids = (await ctr('tasks', 'list', '--quiet')).stdout.split('\n').filter((id) => id !== '')
    // The exit code is ignored: it is the container's, or containerd has already removed the task.
    for (const id of ids) await ctr('tasks', 'delete', '--force', id)
    return ids.length === 0 || undefined
  })
}

const sandboxImage = 'local/pause:1'

/** containerd uses plain http for registries on `localhost` by default. https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md */
const renderContainerdConfig = (folder: string, socket: string, runc: string): string => `version = 2
root = "${join(folder, 'containerd')}"
state = "${join(folder, 'containerd-state')}"

[grpc]
  address = "${socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(folder, 'opt')}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  # Without CAP_SYS_RESOURCE runc may not lower a score below its own, and no sandbox would start.
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native" # works on any file system, such as an overlay

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  options = { BinaryName = "${runc}" }

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${join(folder, 'cni')}"
  conf_dir = "${join(folder, 'cni')}"
`
