// The same shim after the fix (containerd pull request 3540, in v1.2.8): the control.
module kdr.dev/faults/shim

go 1.13

require (
	github.com/containerd/cgroups v1.0.1
	github.com/containerd/console v1.0.1
	github.com/containerd/containerd v1.2.10
	github.com/containerd/continuity v0.1.0
	github.com/containerd/fifo v1.0.0
	github.com/containerd/go-runc v1.0.0
	github.com/containerd/ttrpc v1.0.1
	github.com/containerd/typeurl v1.0.1
	github.com/gogo/protobuf v1.3.2
	github.com/opencontainers/runc v1.0.0-rc9
	github.com/opencontainers/runtime-spec v1.0.2
	github.com/pkg/errors v0.9.1
	github.com/sirupsen/logrus v1.7.0
	github.com/urfave/cli v1.22.2
)
