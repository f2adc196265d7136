use uuid::Uuid;

use crate::store::StreamId;

/// The namespace of keys, made once for gesta; changing it would move every key to another shard.
const NAMESPACE: Uuid = Uuid::from_u128(0x67_65_73_74_61_5f_53_68_a1_72_64_00_00_00_00_01);

/// The shard of a stream, the same in every process: all events of a stream are in one shard.
pub fn shard_of_stream(stream: &StreamId, shards: u16) -> u16 {
    shard(stream.key(), shards)
}

/// The shard of a key, the same in every process.
pub fn shard_of_key(key: &str, shards: u16) -> u16 {
    shard(Uuid::new_v5(&NAMESPACE, key.as_bytes()), shards)
}

fn shard(key: Uuid, shards: u16) -> u16 {
    let (high, _) = key.as_u64_pair();
    // The version stands in these bits of every UUID: they tell nothing apart.
    let number = high >> 16;
    // The remainder is smaller than `shards`, which is a u16.
    (number % u64::from(shards.max(1))) as u16
}
