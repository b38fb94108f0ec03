// SPDX-License-Identifier: GPL-2.0
// Large blocks that one function keeps, and what memtrace has to say of them.
#[inline(never)]
fn answer_grows(list: &mut Vec<Vec<u8>>, bytes: usize) {
    list.push(vec![1u8; bytes]);
}

fn main() {
    let mut list = Vec::with_capacity(64);
    for _ in 0..40 {
        answer_grows(&mut list, 1 << 20);
    }
    // malloc's own mapping: the block and its head, in whole pages.
    println!("grow::answer_grows {} {}", 40 * ((1 << 20) + 4096), 40 * ((1 << 20) + 4096));
    std::mem::forget(list);
}
