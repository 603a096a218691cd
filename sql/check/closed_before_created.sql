-- closed_before_created: used deal that was closed on a day before its opportunity was created.
-- In: deals (canonical; with its opportunity's creation).
SELECT deal_id AS id, amount FROM deals WHERE local_date(closed_at) < local_date(opportunity_created_at)
