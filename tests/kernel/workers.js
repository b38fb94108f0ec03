// SPDX-License-Identifier: GPL-2.0
// Four workers that allocate on and off V8's heap, and end.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

if (isMainThread) {
	let left = 4;

	for (let i = 0; i < 4; i++) {
		const worker = new Worker(__filename, { workerData: i });

		worker.on('message', (sum) => {
			if (typeof sum !== 'number')
				process.exit(1);
			if (--left === 0)
				console.log('done');
		});
	}
} else {
	let sum = workerData;

	for (let i = 0; i < 60; i++) {
		const off = Buffer.alloc(1 << 20, i);
		const on = Array.from({ length: 20000 }, (_, k) => ({ k, text: `${k}` }));

		sum += off[i] + on.length;
	}
	parentPort.postMessage(sum);
}
