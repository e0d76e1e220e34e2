//! What client and miner say to each other in a session, and how it is framed.
//!
//! A session is one stream of the protocol [`PROTOCOL`] on a connection that is encrypted and authenticated by libp2p.
//! A frame is the length of what follows, 4 bytes little-endian, and a [`ToMiner`] or [`ToClient`] in SCALE. A frame that
//! is longer than its direction allows, or has bytes behind the message, ends the session.

use std::io;

use codec::{Decode, DecodeAll, Encode};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use millrace_primitives::{
	channel::OpeningPayload, job::MAX_INPUT_BYTES, Checkpoint, FailCode, RequestPayload, TranscriptEntry, Voucher,
};
use sp_core::sr25519;

/// The protocol's name, which both sides negotiate for each stream.
pub const PROTOCOL: &str = "/millrace/session/1";

/// Longest message to a miner in bytes: the longest input, and room for what stands around it.
pub const MAX_TO_MINER: u32 = MAX_INPUT_BYTES + 1_024;

/// Longest message to a client in bytes. An answer's bytes are at most 65,536, mostly in many pieces.
pub const MAX_TO_CLIENT: u32 = 256 * 1_024;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ToMiner {
	/// The first message: which channel this is about.
	#[codec(index = 0)]
	Open {
		/// Which chain's and channel's, and when.
		opening: OpeningPayload,
		/// The session key's, over [`OpeningPayload::signing_hash`].
		signature: sr25519::Signature,
		/// The last voucher that the client signed: the miner may not have it.
		voucher: Option<Voucher>,
	},
	/// Asks for an answer. One at a time.
	#[codec(index = 1)]
	Request {
		/// What is asked for.
		payload: RequestPayload,
		/// The session key's, over [`RequestPayload::signing_hash`].
		signature: sr25519::Signature,
		/// The bytes whose hash the payload has.
		input: Vec<u8>,
	},
	/// Counter-signs the last checkpoint.
	#[codec(index = 2)]
	Voucher(Voucher),
	/// Ends the answer under way, whose last checkpoint follows; says nothing when there is none. A client ends a session by
	/// closing the stream.
	#[codec(index = 3)]
	Stop,
}

/// What a miner says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ToClient {
	/// The answer to [`ToMiner::Open`]: requests may come.
	#[codec(index = 0)]
	Ready {
		/// The number of the last request that was taken, or of a later one that can't be used any more.
		seq: u32,
		/// The best voucher that the miner has: the client may not have it.
		voucher: Option<Voucher>,
		/// A checkpoint whose voucher never came. The miner may write it off, or refuse requests until it comes.
		pending: Option<Checkpoint>,
	},
	/// The next part of the answer.
	#[codec(index = 1)]
	Piece {
		/// Bytes of the answer; may end within a character.
		bytes: Vec<u8>,
		/// The record of the tokens of this part.
		entries: Vec<TranscriptEntry>,
	},
	/// Asks for a voucher; the last one of an answer ends it.
	#[codec(index = 2)]
	Checkpoint(Checkpoint),
	/// The miner does not do it. An answer under way ends here.
	#[codec(index = 3)]
	Refused {
		/// Why, for programs.
		code: RefusalCode,
		/// Why, for people.
		message: String,
	},
	/// The miner could not do it. An answer under way ends here; what was not asked a voucher for is not owed.
	#[codec(index = 4)]
	Failed {
		/// Whose fault it is, and which.
		code: FailCode,
		/// Why, for people.
		message: String,
	},
}

/// Why a miner refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RefusalCode {
	/// A message that makes no sense here.
	#[codec(index = 0)]
	Protocol,
	/// The channel is not open, or not with this miner, or of another chain.
	#[codec(index = 1)]
	NotOpen,
	/// The request is for another channel, chain or model.
	#[codec(index = 2)]
	WrongChannel,
	/// The session key did not sign that.
	#[codec(index = 3)]
	BadSignature,
	/// The request's date is more than a minute from the miner's clock.
	#[codec(index = 4)]
	Untimely,
	/// The request's number was used before.
	#[codec(index = 5)]
	UsedNumber,
	/// An answer is under way in this channel.
	#[codec(index = 6)]
	Busy,
	/// A checkpoint is not counter-signed, and the miner writes no more of them off.
	#[codec(index = 7)]
	Unpaid,
	/// The deposit is used up: a top-up helps.
	#[codec(index = 8)]
	Exhausted,
	/// The voucher is not for the last checkpoint.
	#[codec(index = 9)]
	WrongVoucher,
	/// The workload can't be streamed, is out of its bounds, or the input has another hash.
	#[codec(index = 10)]
	BadRequest,
	/// All slots for sessions are taken: later.
	#[codec(index = 11)]
	NoSlot,
	/// The miner is about to stop.
	#[codec(index = 12)]
	Draining,
	/// The voucher did not come in time.
	#[codec(index = 13)]
	Late,
	/// The miner can't read the chain or write to its disk now: later.
	#[codec(index = 14)]
	Unavailable,
}

impl RefusalCode {
	/// All of them.
	pub const ALL: [Self; 15] = [
		Self::Protocol,
		Self::NotOpen,
		Self::WrongChannel,
		Self::BadSignature,
		Self::Untimely,
		Self::UsedNumber,
		Self::Busy,
		Self::Unpaid,
		Self::Exhausted,
		Self::WrongVoucher,
		Self::BadRequest,
		Self::NoSlot,
		Self::Draining,
		Self::Late,
		Self::Unavailable,
	];
}

/// Why a frame can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
	/// The connection broke.
	#[error("the connection broke: {0}")]
	Io(#[from] io::Error),
	/// It is longer than allowed.
	#[error("a message of {len} bytes; at most {most} are allowed")]
	TooLong {
		/// Its length in bytes.
		len: u32,
		/// The longest that is allowed.
		most: u32,
	},
	/// It is no message.
	#[error("a message that makes no sense: {0}")]
	Malformed(codec::Error),
}

/// A message as a frame.
pub fn frame<T: Encode>(message: &T) -> Vec<u8> {
	let body = message.encode();
	// Longer ones than a `u32` counts are refused by the reader; no message of ours is.
	let mut bytes = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
	bytes.extend(body);
	bytes
}

/// Writes a frame and sees it off.
///
/// # Errors
///
/// When the connection broke.
pub async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
	stream.write_all(frame).await?;
	stream.flush().await
}

/// Reads the next message of at most `most` bytes; `None` at the end of the stream.
///
/// # Errors
///
/// See [`FrameError`]. Nothing can be read after one.
pub async fn read<T: Decode>(stream: &mut (impl AsyncRead + Unpin), most: u32) -> Result<Option<T>, FrameError> {
	let mut head = [0; 4];
	let mut got = 0;
	while got < head.len() {
		match stream.read(&mut head[got..]).await? {
			0 if got == 0 => return Ok(None),
			0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
			more => got += more,
		}
	}
	let len = u32::from_le_bytes(head);
	if len > most {
		return Err(FrameError::TooLong { len, most });
	}
	let mut body = Vec::new();
	// Grows with what comes, whatever was announced.
	stream.take(len.into()).read_to_end(&mut body).await?;
	if u32::try_from(body.len()) != Ok(len) {
		return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
	}
	T::decode_all(&mut &body[..]).map(Some).map_err(FrameError::Malformed)
}

#[cfg(test)]
mod tests {
	use millrace_primitives::H256;

	use super::*;

	async fn read_back(bytes: &[u8], most: u32) -> Result<Option<ToMiner>, FrameError> {
		read(&mut futures::io::Cursor::new(bytes), most).await
	}

	#[tokio::test]
	async fn messages_should_come_back_when_they_are_framed_one_after_another() {
		let opening = OpeningPayload { genesis: H256::repeat_byte(1), channel: 7, issued_at: 9 };
		let open = ToMiner::Open { opening, signature: [2; 64].into(), voucher: None };
		let bytes = [frame(&open), frame(&ToMiner::Stop)].concat();
		let mut reader = futures::io::Cursor::new(bytes);
		assert_eq!(read::<ToMiner>(&mut reader, 128).await.unwrap(), Some(open));
		assert_eq!(read::<ToMiner>(&mut reader, 64).await.unwrap(), Some(ToMiner::Stop));
		assert_eq!(read::<ToMiner>(&mut reader, 64).await.unwrap(), None);
	}

	#[tokio::test]
	async fn frame_should_have_the_bytes_of_the_protocol_page_when_it_is_a_stop() {
		assert_eq!(frame(&ToMiner::Stop), [1, 0, 0, 0, 3]);
	}

	#[tokio::test]
	async fn frame_should_be_refused_when_it_is_too_long_cut_off_or_has_more_behind_it() {
		let long = [65, 0, 0, 0];
		assert!(matches!(read_back(&long, 64).await, Err(FrameError::TooLong { len: 65, most: 64 })));
		for cut in [&[1, 0][..], &[2, 0, 0, 0, 3]] {
			assert!(matches!(read_back(cut, 64).await, Err(FrameError::Io(_))), "{cut:?}");
		}
		for wrong in [&[2, 0, 0, 0, 3, 3][..], &[1, 0, 0, 0, 9]] {
			assert!(matches!(read_back(wrong, 64).await, Err(FrameError::Malformed(_))), "{wrong:?}");
		}
	}
}
