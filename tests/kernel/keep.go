// SPDX-License-Identifier: GPL-2.0
// A heap that grows: its runtime asks for it on a stack of its own, for a goroutine.
package main

import "fmt"

var kept [][]byte

//go:noinline
func answerKeeps(bytes int) {
	kept = append(kept, make([]byte, bytes))
}

func answerAsks(times int, done chan bool) {
	for i := 0; i < times; i++ {
		answerKeeps(1 << 20)
	}
	done <- true
}

func main() {
	done := make(chan bool)
	go answerAsks(200, done)
	<-done
	fmt.Println(len(kept) << 20)
}
