//! The names that a pickle may use, and what they mean here.
//!
//! The list is closed: torch's rebuild functions, storages and dtypes; containers; and a few names that usual
//! training checkpoints hold beside their weights, whose values are ignored. Nothing on it is ever called.
//! Sources: `torch/_utils.py`, `torch/storage.py` and `torch/_weights_only_unpickler.py`, torch 1.6 to 2.15.

use crate::weights::dtype::DType;

/// How values lie in a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In a format that is read.
    Known(DType),
    /// In bytes; the tensor tells the format.
    Untyped,
    /// In a format that is not read, and why.
    Unread(&'static str),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `collections.defaultdict`.
    DefaultDict,
    /// `_rebuild_tensor(storage, offset, size, stride)`, and `_v2` with `requires_grad`, hooks and metadata.
    RebuildTensor,
    /// `_rebuild_tensor_v3`: as v2, with the dtype before the metadata.
    RebuildTensorV3,
    /// `_rebuild_parameter(tensor, …)`.
    RebuildParameter,
    /// `_rebuild_from_type_v2(function, type, arguments, state)`.
    RebuildFromType,
    /// A function that makes a tensor of a kind that is not read, and why.
    RebuildOther(&'static str),
    /// A storage class.
    Storage(Stored),
    /// A dtype.
    DType(Stored),
    /// `torch.Size`.
    Size,
    /// Anything else on the list: its values are ignored.
    Harmless,
}

/// The meaning of `module.name`; `None` when it is not on the list.
pub fn find(module: &str, name: &str) -> Option<Global> {
    match module {
        "torch._utils" | "torch._tensor" => rebuild(name),
        "torch" => torch(name),
        "torch.cuda" => storage(name).map(Global::Storage),
        "torch.storage" => match name {
            "UntypedStorage" | "_UntypedStorage" => Some(Global::Storage(Stored::Untyped)),
            "TypedStorage" | "_TypedStorage" => Some(Global::Harmless),
            _ => None,
        },
        "collections" => match name {
            "OrderedDict" => Some(Global::OrderedDict),
            "defaultdict" => Some(Global::DefaultDict),
            "Counter" => Some(Global::Harmless),
            _ => None,
        },
        _ => harmless(module, name).then_some(Global::Harmless),
    }
}

fn rebuild(name: &str) -> Option<Global> {
    Some(match name {
        "_rebuild_tensor" | "_rebuild_tensor_v2" => Global::RebuildTensor,
        "_rebuild_tensor_v3" => Global::RebuildTensorV3,
        "_rebuild_parameter" | "_rebuild_parameter_with_state" => Global::RebuildParameter,
        "_rebuild_from_type_v2" => Global::RebuildFromType,
        "_rebuild_qtensor" => Global::RebuildOther("torch-quantized tensors are not read"),
        "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => {
            Global::RebuildOther("sparse tensors are not read: save tensor.to_dense()")
        }
        "_rebuild_nested_tensor" => Global::RebuildOther("nested tensors are not read"),
        "_rebuild_meta_tensor_no_storage" => Global::RebuildOther("a meta tensor holds no values"),
        "_rebuild_wrapper_subclass" => Global::RebuildOther("tensor subclasses without a storage are not read"),
        "_rebuild_device_tensor_from_numpy" | "_rebuild_device_tensor_from_cpu_tensor" => {
            Global::RebuildOther("tensors of this device are not read: save tensor.cpu()")
        }
        _ => return None,
    })
}

fn torch(name: &str) -> Option<Global> {
    match name {
        "Size" => Some(Global::Size),
        "Tensor" | "device" | "per_tensor_affine" | "per_channel_affine" | "per_channel_affine_float_qparams" => {
            Some(Global::Harmless)
        }
        "UntypedStorage" => Some(Global::Storage(Stored::Untyped)),
        _ => storage(name).map(Global::Storage).or_else(|| dtype(name).map(Global::DType)),
    }
}

fn storage(name: &str) -> Option<Stored> {
    let known = match name.strip_suffix("Storage")? {
        "Double" => DType::F64,
        "Float" => DType::F32,
        "Half" => DType::F16,
        "BFloat16" => DType::Bf16,
        "Long" => DType::I64,
        "Int" => DType::I32,
        "Short" => DType::I16,
        "Char" => DType::I8,
        "Byte" => DType::U8,
        "Bool" => DType::Bool,
        "ComplexDouble" | "ComplexFloat" => return Some(Stored::Unread("complex tensors are not read")),
        "QInt8" | "QInt32" | "QUInt8" | "QUInt4x2" | "QUInt2x4" => {
            return Some(Stored::Unread("torch-quantized tensors are not read"));
        }
        _ => return None,
    };
    Some(Stored::Known(known))
}

fn dtype(name: &str) -> Option<Stored> {
    let known = match name {
        "float64" => DType::F64,
        "float32" => DType::F32,
        "float16" => DType::F16,
        "bfloat16" => DType::Bf16,
        "float8_e4m3fn" => DType::F8E4m3fn,
        "float8_e5m2" => DType::F8E5m2,
        "float8_e4m3fnuz" => DType::F8E4m3fnuz,
        "float8_e5m2fnuz" => DType::F8E5m2fnuz,
        "float8_e8m0fnu" => DType::F8E8m0,
        "int64" => DType::I64,
        "int32" => DType::I32,
        "int16" => DType::I16,
        "int8" => DType::I8,
        "uint8" => DType::U8,
        "bool" => DType::Bool,
        _ => return unread_dtype(name).map(Stored::Unread),
    };
    Some(Stored::Known(known))
}

fn unread_dtype(name: &str) -> Option<&'static str> {
    Some(match name {
        "uint16" | "uint32" | "uint64" => "unsigned formats above 8 bits are not read: weights are not kept in them",
        "complex32" | "complex64" | "complex128" => "complex tensors are not read",
        "float4_e2m1fn_x2" => "packed 4-bit format float4_e2m1fn_x2 is not read",
        "qint8" | "qint32" | "quint8" | "quint4x2" | "quint2x4" => "torch-quantized tensors are not read",
        _ => return None,
    })
}

/// Names whose values are ignored. To build one of these cannot run code, even in Python.
fn harmless(module: &str, name: &str) -> bool {
    match module {
        "builtins" | "__builtin__" => {
            matches!(name, "bool" | "bytearray" | "bytes" | "complex" | "dict" | "float" | "frozenset" | "int")
                || matches!(
                    name,
                    "list" | "long" | "object" | "range" | "set" | "slice" | "str" | "tuple" | "unicode" | "xrange"
                )
        }
        "_codecs" => name == "encode",
        "argparse" => name == "Namespace",
        "numpy" => matches!(name, "dtype" | "ndarray"),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "scalar" | "_reconstruct"),
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.serialization" => name == "_get_layout",
        _ => false,
    }
}
