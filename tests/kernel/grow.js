// SPDX-License-Identifier: GPL-2.0
// Buffers that one function keeps, over some seconds: maps of generated code are
// looked at once a second.
'use strict';
const kept = [];

function answerKeeps(bytes) {
	kept.push(Buffer.alloc(bytes, 1));
}

for (let i = 0; i < 40; i++) {
	answerKeeps(2 << 20);
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
}
