//! Two programs that send transactions of one account.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use millrace_client::{calls, Call, Error, JobRequest, Signed, Signer, Submitter};
use millrace_primitives::JobId;
use millrace_tests::{world::transactions, World};

/// Calls of each program.
const CALLS: usize = 6;

fn job(world: &World, prompt: &str) -> Call {
	let JobRequest { model, input, params, max_fee, miner } = world.request(prompt, 32);
	calls::submit(model, input, params, max_fee, miner)
}

/// Charlie, as another program with its own count of the nonces sees it.
async fn program(world: &World) -> Submitter {
	world.node.client().await.submitter(Signer::from_uri("//Charlie").unwrap())
}

async fn jobs(world: &World) -> JobId {
	world.client.at_best().await.unwrap().next_job().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_should_each_be_made_once_when_two_programs_send_them_at_once() {
	let world = World::with_offer(1).await;
	let programs = [program(&world).await, program(&world).await];
	let world = &world;
	let posting = programs.iter().map(|program| async move {
		let mut posted = Vec::new();
		for _ in 0..CALLS {
			posted.push(program.submit(job(world, "What is 17 plus 25?")).await.unwrap().submitted_job().unwrap());
		}
		posted
	});
	let posted = join_all(posting).await.concat().into_iter().collect::<BTreeSet<_>>();
	assert_eq!(posted, (0..2 * CALLS as JobId).collect());
	world.settle().await;
	assert_eq!(jobs(world).await, 2 * CALLS as JobId, "what was sent again counted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn call_should_be_made_once_when_another_program_takes_its_place() {
	let world = World::with_offer(1).await;
	let (first, second) = (program(&world).await, program(&world).await);
	// The pool prefers short ones.
	let long = "What is 17 plus 25? ".repeat(800);
	let mut expected = 0;
	for _ in 0..10 {
		let mut rival = None;
		let keep = |signed: &Signed| {
			rival = Some(signed.clone());
			Err(Error::NotNoted("it is sent later".into()))
		};
		assert!(second.send_noted(job(&world, "What is 17 plus 25?"), keep).await.is_err());
		let rival = rival.unwrap();
		let overtake = async {
			while transactions(&world, "//Charlie").await <= rival.nonce {
				tokio::time::sleep(Duration::from_millis(2)).await;
			}
			second.resume(rival).in_block().await
		};
		let (mine, theirs) = futures::join!(first.submit(job(&world, &long)), overtake);
		mine.unwrap();
		expected += 1 + JobId::from(theirs.is_ok());
		world.settle().await;
		assert_eq!(jobs(&world).await, expected);
		match theirs {
			Ok(_) => return,
			// A block came in between.
			Err(error) => assert!(matches!(error, Error::Usurped), "{error}"),
		}
	}
	panic!("the rival never came before the block");
}
