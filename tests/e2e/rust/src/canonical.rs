//! Values in the form that every client writes and reads: see `tests/e2e/cross/README.md`.

use crate::expect::Failure;
use bigdecimal::num_bigint::BigInt;
use bigdecimal::BigDecimal;
use fluss::error::Error;
use fluss::metadata::{DataType, DataTypes, RowType};
use fluss::row::{
    Date, Datum, Decimal, FlussArray, FlussMap, FlussMapWriter, GenericRow, Time, TimestampLtz, TimestampNtz,
};
use serde_json::{json, Value};
use std::str::FromStr;

/// The canonical form of a value of this type.
pub fn of(value: &Datum<'_>, data_type: &DataType) -> Result<Value, Failure> {
    Ok(match (value, data_type) {
        (Datum::Null, _) => Value::Null,
        (Datum::Bool(flag), _) => json!(flag),
        (Datum::Int8(number), _) => json!(number),
        (Datum::Int16(number), _) => json!(number),
        (Datum::Int32(number), _) => json!(number),
        (Datum::Int64(number), _) => json!(number),
        (Datum::Float32(number), _) => json!(hex(&number.into_inner().to_be_bytes())),
        (Datum::Float64(number), _) => json!(hex(&number.into_inner().to_be_bytes())),
        (Datum::String(text), _) => json!(text),
        (Datum::Blob(bytes), _) => json!(hex(bytes.as_ref())),
        (Datum::Decimal(decimal), _) => json!(digits(decimal)),
        (Datum::Date(date), _) => json!(date.get_inner()),
        (Datum::Time(time), _) => json!(time.get_inner()),
        (Datum::TimestampNtz(at), _) => json!([at.get_millisecond(), at.get_nano_of_millisecond()]),
        (Datum::TimestampLtz(at), _) => json!([at.get_epoch_millisecond(), at.get_nano_of_millisecond()]),
        (Datum::Array(array), DataType::Array(list)) => {
            let values = numbered(array, list.get_element_type())?;
            // An entry that is a null row is an error to the client, so it must not be asked for.
            let element = |(i, entry): (usize, Result<(_, Datum<'_>), Error>)| match array.is_null_at(i) {
                true => Ok::<_, Failure>(Value::Null),
                false => of(&entry?.1, list.get_element_type()),
            };
            values.entries().enumerate().map(element).collect::<Result<_, _>>()?
        }
        (Datum::Map(map), DataType::Map(kind)) => {
            let pair = |(key, value)| Ok::<_, Failure>(json!([of(&key, kind.key_type())?, of(&value, kind.value_type())?]));
            map.entries().map(|entry| pair(entry?)).collect::<Result<_, _>>()?
        }
        (Datum::Row(row), DataType::Row(kind)) => row_of(&row.values, kind)?,
        _ => return Err(format!("{value:?} is no {data_type:?}").into()),
    })
}

/// The canonical form of a row.
pub fn row_of(values: &[Datum<'_>], row_type: &RowType) -> Result<Value, Failure> {
    values.iter().zip(row_type.fields()).map(|(value, field)| of(value, field.data_type())).collect()
}

/// The row that a canonical row stands for.
pub fn row(canonical: &Value, row_type: &RowType) -> Result<GenericRow<'static>, Failure> {
    let values = list(canonical)?.iter().zip(row_type.fields());
    Ok(GenericRow { values: values.map(|(value, field)| datum(value, field.data_type())).collect::<Result<_, _>>()? })
}

fn datum(canonical: &Value, data_type: &DataType) -> Result<Datum<'static>, Failure> {
    if canonical.is_null() {
        return Ok(Datum::Null);
    }
    Ok(match data_type {
        DataType::Boolean(_) => canonical.as_bool().ok_or("no boolean")?.into(),
        DataType::TinyInt(_) => i8::try_from(number(canonical)?)?.into(),
        DataType::SmallInt(_) => i16::try_from(number(canonical)?)?.into(),
        DataType::Int(_) => i32::try_from(number(canonical)?)?.into(),
        DataType::BigInt(_) => number(canonical)?.into(),
        DataType::Float(_) => f32::from_bits(u32::from_str_radix(text(canonical)?, 16)?).into(),
        DataType::Double(_) => f64::from_bits(u64::from_str_radix(text(canonical)?, 16)?).into(),
        DataType::Char(_) | DataType::String(_) => text(canonical)?.to_string().into(),
        DataType::Binary(_) | DataType::Bytes(_) => bytes(text(canonical)?)?.into(),
        DataType::Decimal(kind) => {
            let value = BigDecimal::new(BigInt::from_str(text(canonical)?)?, i64::from(kind.scale()));
            Decimal::from_big_decimal(value, kind.precision(), kind.scale())?.into()
        }
        DataType::Date(_) => Date::new(i32::try_from(number(canonical)?)?).into(),
        DataType::Time(_) => Time::new(i32::try_from(number(canonical)?)?).into(),
        DataType::Timestamp(_) => {
            let (millis, nanos) = moment(canonical)?;
            TimestampNtz::from_millis_nanos(millis, nanos)?.into()
        }
        DataType::TimestampLTz(_) => {
            let (millis, nanos) = moment(canonical)?;
            TimestampLtz::from_millis_nanos(millis, nanos)?.into()
        }
        DataType::Array(kind) => array(list(canonical)?, kind.get_element_type())?.into(),
        DataType::Map(kind) => {
            let pairs = list(canonical)?;
            let mut map = FlussMapWriter::new(pairs.len(), kind.key_type(), kind.value_type());
            for pair in pairs {
                map.write_entry(datum(&pair[0], kind.key_type())?, datum(&pair[1], kind.value_type())?)?;
            }
            map.complete()?.into()
        }
        DataType::Row(kind) => Datum::Row(Box::new(row(canonical, kind)?)),
    })
}

// The client reads and writes elements of any type in maps only, so an array is the values of a map from numbers.

fn array(elements: &[Value], element_type: &DataType) -> Result<FlussArray, Failure> {
    let mut map = FlussMapWriter::new(elements.len(), &DataTypes::int(), element_type);
    for (i, element) in elements.iter().enumerate() {
        map.write_entry(i32::try_from(i)?.into(), datum(element, element_type)?)?;
    }
    Ok(map.complete()?.value_array().clone())
}

fn numbered(array: &FlussArray, element_type: &DataType) -> Result<FlussMap, Failure> {
    let mut keys = FlussMapWriter::new(array.size(), &DataTypes::int(), &DataTypes::int());
    for i in 0..i32::try_from(array.size())? {
        keys.write_entry(i.into(), i.into())?;
    }
    Ok(FlussMap::from_arrays(keys.complete()?.key_array(), array, &DataTypes::int(), element_type)?)
}

fn digits(decimal: &Decimal) -> String {
    decimal.to_big_decimal().with_scale(i64::from(decimal.scale())).as_bigint_and_exponent().0.to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Result<Vec<u8>, Failure> {
    (0..hex.len()).step_by(2).map(|i| Ok(u8::from_str_radix(&hex[i..i + 2], 16)?)).collect()
}

fn number(canonical: &Value) -> Result<i64, Failure> {
    canonical.as_i64().ok_or_else(|| format!("{canonical} is no number").into())
}

fn text(canonical: &Value) -> Result<&str, Failure> {
    canonical.as_str().ok_or_else(|| format!("{canonical} is no text").into())
}

fn list(canonical: &Value) -> Result<&Vec<Value>, Failure> {
    canonical.as_array().ok_or_else(|| format!("{canonical} is no list").into())
}

fn moment(canonical: &Value) -> Result<(i64, i32), Failure> {
    Ok((number(&canonical[0])?, i32::try_from(number(&canonical[1])?)?))
}
