//! Client and server over real connections, with a chain and an engine that the test holds in its hands.

mod stage;

use std::{sync::atomic::Ordering, time::Instant};

use futures::{future::join_all, StreamExt};
use millrace_client::session::{
	network,
	talk::Talk,
	wire::{RefusalCode, ToClient, ToMiner, MAX_TO_CLIENT, MAX_TO_MINER},
	Counterpart, Payer, Session, SessionError,
};
use millrace_primitives::{channel::CHECKPOINT_TOKENS, Workload};
use tempfile::TempDir;
use tokio::time::timeout;

use self::stage::*;
use super::*;
use crate::metrics::Format;

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_be_streamed_and_paid_to_the_planck_over_both_transports() {
	for listen in [TCP, QUIC] {
		let stage = Stage::of(&[u128::MAX], listen, Duration::ZERO).await;
		let mut session = stage.session(0).await.unwrap();
		let mut sum = 0;
		for answer in 0..50 {
			let tokens = 1 + answer * 3;
			assert_eq!(ask(&mut session, tokens).await.unwrap(), words(tokens));
			sum += price(tokens);
		}
		assert_eq!(session.total().fee, sum);
		session.stop().await.unwrap();
		assert_eq!(stage.paid(0), sum, "{listen}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_should_come_while_the_answer_is_made() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(20)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"60".to_vec()).await.unwrap();
	let first = answer.next().await.unwrap().unwrap();
	assert_eq!((first.text.as_str(), first.last), ("word ", false));
	assert!(stage.engine.made.load(Ordering::SeqCst) < 30);
	assert_eq!(answer.whole().await.unwrap().0, words(59));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_lose_an_interval_at_most_when_a_client_does_not_pay() {
	let stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	let (_network, mut talk) = stage.raw().await;
	talk.say(&request(&mut payer, &terms, 1_000)).await.unwrap();
	let (tokens, then) = pieces(&mut talk).await;
	assert_eq!(tokens, CHECKPOINT_TOKENS);
	assert!(matches!(then, ToClient::Checkpoint(_)), "{then:?}");
	let (more, then) = pieces(&mut talk).await;
	assert_eq!(more, 0);
	assert!(matches!(then, ToClient::Refused { code: RefusalCode::Late, .. }), "{then:?}");
	// What the engine ran ahead by is not much more.
	assert!(stage.engine.made.load(Ordering::SeqCst) <= CHECKPOINT_TOKENS + 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_go_on_a_few_times_when_its_client_leaves_without_paying() {
	let stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	for visit in 0..5 {
		let (_network, mut talk) = stage.raw().await;
		let (tokens, then) = loop {
			talk.say(&request(&mut payer, &terms, 1_000)).await.unwrap();
			match pieces(&mut talk).await {
				// The visit before is about to end.
				(_, ToClient::Refused { code: RefusalCode::Busy, .. }) => tokio::task::yield_now().await,
				answered => break answered,
			}
		};
		if visit <= 3 {
			assert_eq!(tokens, CHECKPOINT_TOKENS, "visit {visit}");
			let (_, late) = pieces(&mut talk).await;
			assert!(matches!(late, ToClient::Refused { code: RefusalCode::Late, .. }), "{late:?}");
		} else {
			assert!(matches!(then, ToClient::Refused { code: RefusalCode::Unpaid, .. }), "{then:?}");
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn client_should_go_on_with_a_new_session_when_it_left_in_the_middle() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	while answer.next().await.unwrap().unwrap().total.fee == 0 {}
	drop(session);
	let mut session = stage.session(0).await.unwrap();
	let before = session.total().fee;
	assert!(before >= price(CHECKPOINT_TOKENS), "{before}");
	let began = Instant::now();
	let done = loop {
		match ask(&mut session, 5).await {
			// The miner has not noticed yet.
			Err(error) if is_refusal(&error, RefusalCode::Busy) || is_refusal(&error, RefusalCode::NoSlot) => {
				assert!(began.elapsed() < PATIENCE);
				tokio::time::sleep(Duration::from_millis(50)).await;
			}
			done => break done,
		}
	};
	assert_eq!(done.unwrap(), words(5));
	assert_eq!(session.total().fee, before + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_be_paid_up_to_where_its_client_stops_it() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let total = answer.stop().await.unwrap();
	assert!(total.output_tokens >= 1 && total.output_tokens < 200, "{total:?}");
	// One that is only dropped is stopped by the next one.
	session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	assert_eq!(ask(&mut session, 3).await.unwrap(), words(3));
	let total = session.stop().await.unwrap();
	assert_eq!(total.answers, 3);
	assert_eq!(stage.paid(0), total.fee);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_should_be_talked_to_when_the_endpoint_is_another_peers() {
	for listen in [TCP, QUIC] {
		let stage = Stage::of(&[u128::MAX], listen, Duration::ZERO).await;
		let expected = network::Keypair::generate_ed25519().public().to_peer_id();
		let counterpart = Counterpart { peer: expected, ..stage.counterpart(0) };
		let error = Session::begin(counterpart, key("session"), stage.own.path()).await.err().unwrap();
		let SessionError::Network(error) = error else { panic!("{error}") };
		match (listen, error) {
			(TCP, network::NetworkError::OtherPeer { expected: wanted, obtained }) => {
				assert_eq!((wanted, obtained), (expected, stage.counterpart(0).peer));
			}
			// Here the handshake itself fails.
			(QUIC, network::NetworkError::OtherPeer { .. } | network::NetworkError::Unreachable { .. }) => {}
			(_, error) => panic!("{listen}: {error}"),
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_should_be_refused_when_another_key_than_the_operators_signed_them() {
	let stage = Stage::new(u128::MAX).await;
	let mut counterpart = stage.counterpart(0);
	counterpart.terms.operator = key("somebody").account_id();
	let mut session = Session::begin(counterpart, key("session"), stage.own.path()).await.unwrap();
	let error = ask(&mut session, 3).await.unwrap_err();
	assert!(matches!(error, SessionError::Dishonest(_)), "{error}");
	assert_eq!(session.total().fee, 0);
	assert!(matches!(ask(&mut session, 3).await, Err(SessionError::Ended)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_end_with_the_deposit_and_go_on_after_a_top_up() {
	let stage = Stage::new(price(40)).await;
	let mut session = stage.session(0).await.unwrap();
	let error = ask(&mut session, 100).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::Exhausted), "{error}");
	// Nothing was lost on either side.
	assert_eq!(session.total().fee, price(40));
	let error = ask(&mut session, 1).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::Exhausted), "{error}");
	stage.ledger.deposits.lock().unwrap()[0] += price(10);
	session.stop().await.unwrap();
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(ask(&mut session, 10).await.unwrap(), words(10));
	session.stop().await.unwrap();
	assert_eq!(stage.paid(0), price(40) + price(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_should_be_closed_with_the_best_voucher_when_its_client_closes_it_while_streaming() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"4000".to_vec()).await.unwrap();
	while answer.next().await.unwrap().unwrap().total.fee == 0 {}
	stage.ledger.begin_closing(0);
	let error = answer.whole().await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::NotOpen), "{error}");
	let mut closed = stage.ledger.closed.subscribe();
	let voucher = timeout(PATIENCE, closed.wait_for(Option::is_some)).await.unwrap().unwrap().clone().unwrap();
	assert!(voucher.is_some() && voucher.as_ref() == session.voucher());
	let error = stage.session(0).await.err().unwrap();
	assert!(matches!(error, SessionError::Store(_)), "the old session still lives: {error}");
	drop(session);
	let error = stage.session(0).await.err().unwrap();
	assert!(is_refusal(&error, RefusalCode::NotOpen), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_should_be_kept_and_requests_not_taken_twice_when_the_miner_starts_again() {
	let mut stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 70).await.unwrap();
	session.stop().await.unwrap();
	stage.server = None;
	stage.start(TCP).await;
	assert_eq!(stage.paid(0), price(70));
	let (_network, mut talk) = stage.raw().await;
	talk.say(&request(&mut payer, &terms, 5)).await.unwrap();
	let (_, then) = pieces(&mut talk).await;
	assert!(matches!(then, ToClient::Refused { code: RefusalCode::UsedNumber, .. }), "{then:?}");
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(ask(&mut session, 5).await.unwrap(), words(5));
	assert_eq!(session.total().fee, price(70) + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_should_be_counted_with_what_was_paid_for_them() {
	let stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(2)).await;
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 40).await.unwrap();
	assert!(stage.counts("sessions_open 1"));
	let mut answer = session.ask(chat(), 7, b"2000".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let total = answer.stop().await.unwrap();
	session.stop().await.unwrap();
	let began = Instant::now();
	while !stage.counts("sessions_open 0") {
		assert!(began.elapsed() < PATIENCE);
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	for line in [
		"session_answers_total{outcome=\"whole\"} 1".to_owned(),
		"session_answers_total{outcome=\"stopped\"} 1".to_owned(),
		"session_answers_total{outcome=\"broken\"} 0".to_owned(),
		format!("session_output_tokens_total {}", total.output_tokens),
		format!("session_earnings_plancks_total {}", total.fee),
	] {
		assert!(stage.counts(&line), "{line}\n{}", stage.metrics.text(Format::Text).unwrap());
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn another_slot_should_be_there_when_the_settings_give_one_and_be_gone_when_they_take_it() {
	let stage = Stage::of(&[u128::MAX, u128::MAX], TCP, Duration::from_millis(5)).await;
	let streams = |streams: usize| {
		stage.changes.send_modify(|settings| settings.session.streams = streams.try_into().unwrap());
	};
	let (mut one, mut two) = (stage.session(0).await.unwrap(), stage.session(1).await.unwrap());
	let mut long = one.ask(chat(), 7, b"3000".to_vec()).await.unwrap();
	long.next().await.unwrap().unwrap();
	assert!(is_refusal(&ask(&mut two, 3).await.unwrap_err(), RefusalCode::NoSlot));
	assert!(stage.counts("session_refusals_total{code=\"NoSlot\"} 1"));
	streams(2);
	let began = Instant::now();
	while let Err(error) = ask(&mut two, 3).await {
		assert!(is_refusal(&error, RefusalCode::NoSlot) && began.elapsed() < PATIENCE, "{error}");
	}
	streams(1);
	while ask(&mut two, 3).await.is_ok() {
		assert!(began.elapsed() < PATIENCE);
	}
	long.stop().await.unwrap();
	while ask(&mut two, 3).await.is_err() {
		assert!(began.elapsed() < PATIENCE);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn request_should_wait_for_a_slot_when_another_channel_has_the_last_one() {
	let stage = Stage::of(&[u128::MAX, u128::MAX], TCP, Duration::from_millis(5)).await;
	let mut one = stage.session(0).await.unwrap();
	let mut two = stage.session(1).await.unwrap();
	let mut answer = one.ask(chat(), 7, b"100".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let error = ask(&mut two, 3).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::NoSlot), "{error}");
	answer.whole().await.unwrap();
	assert_eq!(ask(&mut two, 3).await.unwrap(), words(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_answer_should_end_and_nothing_new_begin_when_the_server_stops() {
	let mut stage = Stage::of(&[u128::MAX], TCP, Duration::from_millis(5)).await;
	let mut session = stage.session(0).await.unwrap();
	let mut answer = session.ask(chat(), 7, b"80".to_vec()).await.unwrap();
	answer.next().await.unwrap().unwrap();
	let server = stage.server.take().unwrap();
	let stopped = tokio::spawn(server.finish(PATIENCE));
	assert_eq!(answer.whole().await.unwrap().0, words(79));
	let error = ask(&mut session, 3).await.unwrap_err();
	assert!(is_refusal(&error, RefusalCode::Draining) || !error.goes_on(), "{error}");
	drop(session);
	timeout(PATIENCE, stopped).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn request_should_be_refused_when_it_is_not_what_was_signed_or_can_not_be_streamed() {
	let stage = Stage::new(u128::MAX).await;
	let (mut payer, terms) = (Payer::default(), stage.ledger.terms(0));
	let (_network, mut talk) = stage.raw().await;
	let ToMiner::Request { payload, signature, .. } = request(&mut payer, &terms, 5) else { unreachable!() };
	let other = ToMiner::Request { payload: payload.clone(), signature, input: b"6".to_vec() };
	let mut changed = payload.clone();
	changed.seed += 1;
	let forged = ToMiner::Request { payload: changed, signature, input: b"5".to_vec() };
	let mut embedding = payload;
	embedding.workload = Workload::Embed;
	let signature = key("session").sign(&embedding.signing_hash()).into();
	let embed = ToMiner::Request { payload: embedding, signature, input: b"5".to_vec() };
	for (message, wanted) in [
		(other, RefusalCode::BadRequest),
		(forged, RefusalCode::BadSignature),
		(embed, RefusalCode::BadRequest),
		(ToMiner::Stop, RefusalCode::Protocol),
	] {
		// A stop says nothing here; the opening after it makes no sense.
		if message == ToMiner::Stop {
			talk.say(&message).await.unwrap();
			talk.say(&stage.opening(&key("session"), 0)).await.unwrap();
		} else {
			talk.say(&message).await.unwrap();
		}
		let (_, then) = pieces(&mut talk).await;
		assert!(matches!(&then, ToClient::Refused { code, .. } if *code == wanted), "{then:?}");
	}
	assert_eq!(stage.engine.made.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_should_be_refused_when_its_opening_is_not_the_channels_clients_or_old() {
	let stage = Stage::new(u128::MAX).await;
	for (opening, wanted) in [
		(stage.opening(&key("somebody"), 0), RefusalCode::BadSignature),
		(stage.opening(&key("session"), 61_000), RefusalCode::Untimely),
	] {
		let Counterpart { peer, addresses, .. } = stage.counterpart(0);
		let (_network, stream) = network::dial(peer, addresses).await.unwrap();
		let mut talk = Talk::<ToClient, ToMiner>::new(stream, MAX_TO_CLIENT);
		talk.say(&opening).await.unwrap();
		let heard = talk.hear_within(PATIENCE).await;
		assert!(matches!(&heard, Ok(ToClient::Refused { code, .. }) if *code == wanted), "{heard:?}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn client_should_get_its_own_voucher_back_when_it_has_lost_its_file() {
	let mut stage = Stage::new(u128::MAX).await;
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 70).await.unwrap();
	session.stop().await.unwrap();
	stage.own = TempDir::new().unwrap();
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(session.total().fee, price(70));
	assert_eq!(ask(&mut session, 5).await.unwrap(), words(5));
	assert_eq!(session.stop().await.unwrap().fee, price(70) + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_get_its_voucher_back_when_it_has_lost_its_file() {
	let mut stage = Stage::new(u128::MAX).await;
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 70).await.unwrap();
	session.stop().await.unwrap();
	stage.server = None;
	stage.work = TempDir::new().unwrap();
	stage.start(TCP).await;
	let mut session = stage.session(0).await.unwrap();
	assert_eq!(stage.paid(0), price(70));
	assert_eq!(ask(&mut session, 5).await.unwrap(), words(5));
	assert_eq!(session.stop().await.unwrap().fee, price(70) + price(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_should_be_let_go_and_keep_nobody_from_an_answer() {
	let stage = Stage::new(u128::MAX).await;
	let mut silent = Vec::new();
	for _ in 0..20 {
		let Counterpart { peer, addresses, .. } = stage.counterpart(0);
		let (network, stream) = network::dial(peer, addresses).await.unwrap();
		silent.push((network, Talk::<ToClient, ToMiner>::new(stream, MAX_TO_CLIENT)));
	}
	let mut session = stage.session(0).await.unwrap();
	ask(&mut session, 3).await.unwrap();
	for (_network, talk) in &mut silent {
		loop {
			match timeout(PATIENCE, talk.hear()).await.expect("it is let go in time") {
				Ok(ToClient::Refused { .. }) => {}
				Ok(other) => panic!("{other:?}"),
				Err(_) => break,
			}
		}
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn session_should_begin_when_the_first_streams_are_dropped_without_a_word() {
	let (identity, ledger, own) =
		(network::Keypair::generate_ed25519(), FakeLedger::new(&[1]), TempDir::new().unwrap());
	let mut listening = network::listen(&identity, &[TCP.parse().unwrap()]).unwrap();
	let addresses = listening.addresses.wait_for(|addresses| !addresses.is_empty()).await.unwrap().clone();
	let counterpart =
		Counterpart { peer: identity.public().to_peer_id(), addresses, terms: ledger.terms(0), template_tokens: 16 };
	let client = tokio::spawn(async move { Session::begin(counterpart, key("session"), own.path()).await.map(|_| ()) });
	for _ in 0..3 {
		drop(listening.incoming.next().await.unwrap());
	}
	let (_, stream) = listening.incoming.next().await.unwrap();
	let mut talk = Talk::<ToMiner, ToClient>::new(stream, MAX_TO_MINER);
	assert!(matches!(talk.hear_within(PATIENCE).await, Ok(ToMiner::Open { .. })));
	talk.say(&ToClient::Ready { seq: 0, voucher: None, pending: None }).await.unwrap();
	client.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_should_all_begin_when_many_clients_arrive_at_once() {
	let stage = Stage::of(&[u128::MAX; 60], TCP, Duration::ZERO).await;
	let sessions = join_all((0..60).map(|id| stage.session(id))).await;
	for (id, session) in sessions.into_iter().enumerate() {
		assert!(session.is_ok(), "{id}: {:?}", session.err());
	}
}
