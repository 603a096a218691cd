-- booked: deals and money per fiscal quarter and kind. The fiscal year begins in February and ends in the year that
-- names it, so eleven months on, the calendar's year and quarter are the fiscal ones.
-- In: deals.
WITH shifted AS (
    SELECT kind, amount, arrow_cast(arrow_cast(closed, 'Timestamp(Nanosecond, None)'), 'Date32') + INTERVAL '11 months' AS day
    FROM deals
)
SELECT concat('FY', CAST(CAST(date_part('year', day) AS BIGINT) % 100 AS VARCHAR),
              'Q', CAST(date_part('quarter', day) AS VARCHAR)) AS fiscal_quarter,
       kind, count(*) AS deals, CAST(sum(amount) * 100 AS BIGINT) AS cents
FROM shifted
GROUP BY 1, 2
