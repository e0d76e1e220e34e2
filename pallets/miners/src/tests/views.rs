use super::{pool::draw, *};
use millrace_primitives::{
	query::{MinerPrices, MAX_PAGE},
	Bid, JobParams, Obstacle, Prices, Score,
};

/// The model's template adds 8 tokens: 20 input tokens, as in [`BOUNDS`].
const INPUT: u32 = 12;
/// 20 x 10 + 64 x 1,000.
const COST: u128 = 64_200;

fn params() -> JobParams {
	JobParams::greedy(64)
}

fn offering(who: u64, rate: Rate) {
	registered(who);
	assert_ok!(Miners::offer(owner(who), 0, rate, 2));
}

fn bid(who: u64, params: JobParams) -> Bid<u64> {
	Miners::bids(0, params, INPUT, None).items.into_iter().find(|bid| bid.owner == who).unwrap()
}

fn prices(max_rate: Option<Rate>) -> Option<Prices> {
	<Miners as MinerPrices<u64>>::prices(&Demand { model: 0, max_rate, bounds: BOUNDS, excluded: &[] })
}

#[test]
fn miner_should_be_found_by_its_owner_and_its_operator() {
	run(|| {
		offering(1, RATE);
		assert_ok!(Miners::unstake(owner(1), 100 * MILL));
		let view = Miners::miner(1).unwrap();
		assert_eq!(Miners::miner(operator(1)), Some(view.clone()));
		assert_eq!((view.owner, view.miner.bonded, view.miner), (1, 100 * MILL, stored(1)));
		assert_eq!(view.offers, vec![(0, offered(1))]);
		assert_eq!(Miners::miner(2), None);
	});
}

#[test]
fn bid_should_explain_the_score_that_the_draw_goes_by() {
	run(|| {
		offering(1, RATE);
		offering(2, Rate::PerToken { input: 10, output: 999 });
		let (dear, cheap) = (bid(1, params()), bid(2, params()));
		assert_eq!(dear.score, Score { reputation: 0, free_stake: 100 * MILL, cost: COST, score: 100 });
		assert_eq!(cheap.score, Score { cost: COST - 64, ..dear.score.clone() });
		assert_eq!(Some(dear.score), Miners::explain(&1, &demand(0)));
		assert_eq!((dear.operator, dear.rate, dear.slots, dear.free_slots), (operator(1), RATE, 2, 2));
		assert_eq!(draw(0).unwrap().owner, 2);
		let busy = bid(2, params());
		assert_eq!((busy.free_slots, busy.score.free_stake), (1, 50 * MILL));
	});
}

#[test]
fn bid_should_show_the_reputation_as_it_has_faded() {
	run(|| {
		offering(1, RATE);
		set_reputation(1, 800);
		System::set_block_number(1 + HALF_LIFE);
		let score = bid(1, params()).score;
		assert_eq!((score.reputation, score.score), (400, 500));
	});
}

#[test]
fn bid_should_name_the_obstacle_when_the_draw_passes_the_miner_over() {
	run(|| {
		offering(1, RATE);
		assert_eq!(bid(1, params()).obstacle, None);
		let limit = Rate::PerToken { input: 10, output: 999 };
		let limited = JobParams { max_rate: Some(limit), ..params() };
		assert_eq!(bid(1, limited).obstacle, Some(Obstacle::RateAboveLimit));
		draw(0).unwrap();
		draw(0).unwrap();
		assert_eq!(bid(1, params()).obstacle, Some(Obstacle::NoFreeSlot));
		assert_ok!(Miners::set_ready(owner(1), false));
		assert_eq!(bid(1, params()).obstacle, Some(Obstacle::NotReady));
	});
}

#[test]
fn bids_should_come_page_by_page_when_they_are_many() {
	run(|| {
		(1..=70).for_each(|who| offering(who, RATE));
		let first = Miners::bids(0, params(), INPUT, None);
		assert_eq!(first.items.len(), MAX_PAGE as usize);
		assert_eq!(first.next, first.items.last().map(|bid| bid.owner));
		let second = Miners::bids(0, params(), INPUT, first.next);
		assert_eq!((second.items.len(), second.next), (6, None));
		let mut owners: Vec<u64> = first.items.iter().chain(&second.items).map(|bid| bid.owner).collect();
		owners.sort_unstable();
		assert_eq!(owners, (1..=70).collect::<Vec<_>>());
	});
}

#[test]
fn bids_should_be_none_when_the_model_is_unknown() {
	run(|| {
		offering(1, RATE);
		assert_eq!(Miners::bids(1, params(), INPUT, None).items, vec![]);
		assert_eq!(Miners::bids(100, params(), INPUT, None).items, vec![]);
	});
}

#[test]
fn prices_should_be_the_cheapest_and_the_median_of_those_that_can_take_the_job() {
	run(|| {
		assert_eq!(prices(None), None);
		offering(1, RATE);
		// 64 output tokens are taken for 2 GPU-seconds; the 60 blocks of the attempt are the most.
		offering(2, Rate::PerGpuSecond(30_000));
		offering(3, Rate::PerToken { input: 10, output: 500 });
		offering(4, Rate::PerToken { input: 1, output: 1 });
		assert_ok!(Miners::set_ready(owner(4), false));
		let expected = Prices { miners: 3, lowest: 32_200, typical: 60_000, most: 1_800_000 };
		assert_eq!(prices(None), Some(expected));
		assert_eq!(prices(Some(RATE)), Some(Prices { miners: 2, lowest: 32_200, typical: COST, most: COST }));
		assert_eq!(prices(Some(Rate::PerGpuSecond(1))), None);
	});
}

#[test]
fn prices_should_look_at_a_page_of_the_ready_list_when_it_is_longer() {
	run(|| {
		(1..=70).for_each(|who| offering(who, RATE));
		let expected = Prices { miners: MAX_PAGE, lowest: COST, typical: COST, most: COST };
		assert_eq!(prices(None), Some(expected));
	});
}
