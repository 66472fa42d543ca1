/** containerd's settings: https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md */
import { join } from 'node:path'

export const sandboxImage = 'local/pause:1'

/** Registries named `localhost` are spoken to by plain http without being told so. */
export const renderContainerdConfig = (folder: string, socket: string, runc: string): string => `version = 2
root = "${join(folder, 'containerd')}"
state = "${join(folder, 'containerd-state')}"

[grpc]
  address = "${socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(folder, 'opt')}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  # Without CAP_SYS_RESOURCE runc may not lower a score below our own, and no sandbox would start.
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native" # needs nothing of the file system, which may be an overlay itself

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  options = { BinaryName = "${runc}" }

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${join(folder, 'cni')}"
  conf_dir = "${join(folder, 'cni')}"
`
