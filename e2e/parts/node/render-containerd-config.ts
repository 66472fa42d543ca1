/** containerd configuration: https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md */
import { join } from 'node:path'

export const sandboxImage = 'local/pause:1'

/** containerd uses plain http for registries on `localhost` by default. */
export const renderContainerdConfig = (folder: string, socket: string, runc: string): string => `version = 2
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
