-- HubSpot contacts: the touch in which a contact last sent a form, if not the first.
SELECT
    'recent_conversion-' || "Record ID" AS touch_id,
    "Record ID" AS contact_id,
    "Last Touch Converting Campaign" AS campaign_id,
    "Recent Conversion Date" AS touched_at,
    coalesce("Latest Source", "Latest Traffic Source") AS channel,
    'recent_conversion' AS touch_type,
    'marketing' AS source
FROM raw
WHERE "Recent Conversion Date" <> coalesce("First Conversion Date", '')
