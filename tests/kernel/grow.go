// SPDX-License-Identifier: GPL-2.0
// Memory that a goroutine asks for, and what memtrace has to say of it.
package main

import (
	"fmt"
	"syscall"
)

var kept [][]byte

//go:noinline
func answerMaps(bytes int) []byte {
	p, err := syscall.Mmap(-1, 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	return p
}

func answerAsks(times int, done chan bool) {
	for i := 0; i < times; i++ {
		kept = append(kept, answerMaps(1<<20))
	}
	done <- true
}

func main() {
	done := make(chan bool)
	go answerAsks(40, done)
	<-done
	fmt.Println("main.answerMaps", 40<<20, 40<<20)
}
