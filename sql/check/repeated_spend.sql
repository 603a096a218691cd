-- repeated_spend: how many rows of spend say what another one says, and their amount.
-- In: spend (canonical).
SELECT CAST(sum(times - 1) AS BIGINT) AS rows, CAST(sum((times - 1) * amount) AS BIGINT) AS amount
FROM (
    SELECT amount, count(*) AS times
    FROM spend
    WHERE amount <> 0
    GROUP BY campaign_id, channel, first_day, last_day, amount
)
