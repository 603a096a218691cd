-- wins_without_deals: won opportunity of which no deal is used, and its amount: it is not booked.
-- In: opportunities, deals (canonical).
SELECT o.opportunity_id AS id, o.amount
FROM opportunities o LEFT ANTI JOIN deals d ON o.opportunity_id = d.opportunity_id
WHERE o.is_won
