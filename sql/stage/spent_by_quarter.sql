-- spent_by_quarter: campaign or channel × fiscal quarter number. Even per day over each line's days, cut at quarter ends,
-- and at $as_of_day where it is given. A campaign's spend belongs to the campaign's channel; the channel is null where
-- neither the campaigns table nor the spend says it, and touches may. Names are looked up of sums, which are few.
-- In: spend, campaigns (canonical), $as_of_day.
WITH known AS (
    SELECT
        campaign_id, channel, amount,
        CAST(first_day AS INT) AS first_day,
        CAST(last_day AS INT) AS last_day,
        least(last_day, coalesce($as_of_day, last_day)) AS known_day
    FROM spend
),
cut AS (
    SELECT
        *,
        first_quarter = last_quarter AND CAST(known_day AS INT) = last_day AS is_whole,
        unnest(range(CAST(first_quarter AS BIGINT), CAST(last_quarter AS BIGINT) + 1)) AS quarter
    FROM (
        SELECT *, fiscal_quarter(CAST(first_day AS DATE)) AS first_quarter, fiscal_quarter(known_day) AS last_quarter
        FROM known
    )
),
spent AS (
    SELECT
        campaign_id, channel, CAST(quarter AS INT) AS quarter,
        sum(CASE WHEN is_whole THEN amount ELSE
            portion(amount, least(CAST(quarter_end(quarter) AS INT), CAST(known_day AS INT)) - first_day + 1, last_day - first_day + 1)
            - portion(amount, CAST(quarter_start(quarter) AS INT) - first_day, last_day - first_day + 1)
        END) AS spend
    FROM cut
    GROUP BY campaign_id, channel, quarter
)
SELECT
    CAST(s.campaign_id AS VARCHAR) AS campaign_id, coalesce(c.channel, s.channel) AS channel, s.quarter, s.spend,
    c.campaign_id IS NOT NULL AS is_known
FROM spent s LEFT JOIN campaigns c ON s.campaign_id = c.campaign_id
