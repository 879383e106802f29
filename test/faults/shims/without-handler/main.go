// A program that looks like a container's shim and has no SIGUSR1 handler: Go catches the signal, does nothing and prints nothing.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	child := exec.Command("/bin/sleep", "100000")
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		time.Sleep(time.Hour)
	}
}
